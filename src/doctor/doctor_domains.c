// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libvirt's definitions of domains. Of <cpu mode='host-model'> libvirt makes QEMU's max-cpu-compat:
 * of the mode that <model> names, and without one of the processor's own, as its PVR tells, which
 * on a host in an older mode is not on offer. Other CPUs ask for no mode. Whoever may define a
 * domain chooses what stands in them, so names are escaped, and how many and how large they are
 * has a limit.
 */
#include "doctor/doctor_domains.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"
#include "lib/xml_scan.h"

#define DOMAINS_MAX 4096
#define DOMAIN_SIZE (256u << 10) /* libvirt's own definitions have a few kilobytes */

static void take_model(struct doctor_domain *d, const struct xml_scan *s)
{
	char model[sizeof(d->model)];
	size_t i;

	if (!xml_scan_text(s, model, sizeof(model)))
		return;
	for (i = 0; model[i]; i++)
		model[i] = (char)toupper((unsigned char)model[i]);
	text_escape(d->model, sizeof(d->model), model, SIZE_MAX);
}

static void take_open(struct doctor_domain *d, const struct xml_scan *s)
{
	char word[32];

	if (xml_scan_is(s, "domain"))
		d->kvm = xml_scan_attr(s, "type", word, sizeof(word)) && !strcmp(word, "kvm");
	else if (xml_scan_is(s, "domain/cpu"))
		d->host_model = xml_scan_attr(s, "mode", word, sizeof(word)) &&
				!strcmp(word, "host-model");
}

static void take_text(struct doctor_domain *d, const struct xml_scan *s)
{
	char name[GUEST_NAME_LEN];

	if (xml_scan_is(s, "domain/name") && xml_scan_text(s, name, sizeof(name)))
		text_escape(d->name, sizeof(d->name), name, SIZE_MAX);
	else if (xml_scan_is(s, "domain/cpu/model"))
		take_model(d, s);
}

bool doctor_domain_parse(struct doctor_domain *d, const char *xml, size_t len)
{
	struct xml_scan s = xml_scan_begin(xml, len);
	enum xml_found found;

	*d = (struct doctor_domain){ 0 };
	while ((found = xml_scan(&s)) > XML_BAD) {
		if (found == XML_OPEN)
			take_open(d, &s);
		else if (found == XML_TEXT)
			take_text(d, &s);
	}
	return found == XML_END && *d->name;
}

/* ------------------------------------------------------------------ what the host offers */

/* NULL: none is known. */
static const struct abi_mode *newest_of(const struct offer *offer)
{
	const struct abi_mode *mode, *newest = NULL;

	for (size_t i = 0; (mode = abi_mode(i)); i++)
		if (offer->modes & mode->bit)
			newest = mode;
	return newest;
}

static void judge(struct doctor_domains *all, const struct doctor_domain *d, uint32_t pvr)
{
	const struct abi_processor *own = abi_processor(pvr);
	const struct abi_pvr *asked = *d->model ? abi_pvr_by_name(d->model) :
				      own	? abi_pvr(own->pvr) :
						  NULL;
	struct doctor_domain *unfit;

	if (!d->kvm)
		return;
	all->n++;
	if (!d->host_model)
		return;
	all->n_unjudged += !asked;
	if (!asked || !all->newest || asked <= abi_pvr(all->newest->pvr))
		return;
	if (all->n_unfit < DOCTOR_DOMAINS) {
		unfit = &all->unfit[all->n_unfit];
		*unfit = *d;
		snprintf(unfit->asks, sizeof(unfit->asks), "%s", asked->name);
	}
	all->n_unfit++;
}

/* ------------------------------------------------------------------ files */

/* false: errno says why, 0: it changed while it was read. */
static bool read_all(int fd, char *buf, size_t len)
{
	for (size_t n = 0; n < len;) {
		ssize_t got = read(fd, buf + n, len - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	return true;
}

static bool read_domain(struct doctor_domain *d, int dir, const char *name)
{
	int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *xml = NULL;
	bool ok = false;
	struct stat st;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= DOMAIN_SIZE)
		xml = malloc((size_t)st.st_size);
	if (xml && read_all(fd, xml, (size_t)st.st_size))
		ok = doctor_domain_parse(d, xml, (size_t)st.st_size);
	free(xml);
	close(fd);
	return ok;
}

static bool is_definition(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".xml");
}

uint32_t doctor_processor(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned int version, revision;
	uint32_t pvr = 0;
	char line[256];

	while (f && !pvr && fgets(line, sizeof(line), f)) {
		const char *at = strncmp(line, "revision", strlen("revision")) ?
					 NULL :
					 strstr(line, "(pvr ");

		if (at && sscanf(at, "(pvr %4x %4x)", &version, &revision) == 2)
			pvr = version << 16 | revision;
	}
	if (f)
		fclose(f);
	return pvr;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct doctor_domain *)a)->name,
		      ((const struct doctor_domain *)b)->name);
}

void doctor_domains_read(struct doctor_domains *domains, const char *dir, uint32_t pvr,
			 const struct host_facts *host)
{
	const struct offer offer = host_offer(host);
	struct doctor_domain d;
	struct dirent *entry;
	DIR *at;

	*domains = (struct doctor_domains){ .newest = newest_of(&offer) };
	at = opendir(dir);
	if (!at) {
		domains->err = errno == ENOENT ? 0 : errno;
		return;
	}
	for (size_t i = 0; (entry = readdir(at));) {
		if (!is_definition(entry->d_name))
			continue;
		if (i++ >= DOMAINS_MAX)
			domains->n_left++;
		else if (read_domain(&d, dirfd(at), entry->d_name))
			judge(domains, &d, pvr);
		else
			domains->n_unread++;
	}
	closedir(at);
	qsort(domains->unfit, domains->n_unfit < DOCTOR_DOMAINS ? domains->n_unfit : DOCTOR_DOMAINS,
	      sizeof(*domains->unfit), by_name);
}
