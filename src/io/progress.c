// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Shows on a terminal how far a long file has been read. Nothing appears during the first moments,
 * because most files are read by then. The line is written around stderr's shield, which lets no
 * control character pass.
 */
#include "io/progress.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"

#define STEPS	 4096u	      /* between looks at the clock */
#define SHOWN_NS 200000000ull /* that a line stays; what takes less shows none */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, FILE *f, const char *name)
{
	struct stat st;

	*p = (struct progress){ .name = name };
	if (!f || !isatty(STDERR_FILENO))
		return;
	p->f = f;
	p->next_ns = now_ns() + SHOWN_NS;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode))
		p->size = (uint64_t)st.st_size;
}

static void show(struct progress *p)
{
	off_t at = ftello(p->f);
	char name[41];

	/* Not by way of stderr, which lets no control character pass. */
	text_escape(name, sizeof(name), p->name, SIZE_MAX);

	if (p->size && at >= 0)
		dprintf(STDERR_FILENO, "\r\033[Kreading %s: %u%%", name,
			(unsigned int)((uint64_t)at * 100 / p->size));
	else
		dprintf(STDERR_FILENO, "\r\033[Kreading %s: %u lines", name, p->steps);
	p->shown = true;
}

void progress_step(struct progress *p)
{
	uint64_t now;

	if (!p->f || ++p->steps % STEPS)
		return;
	now = now_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + SHOWN_NS;
	show(p);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		dprintf(STDERR_FILENO, "\r\033[K");
	p->shown = false;
}
