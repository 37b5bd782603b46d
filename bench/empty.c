// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * empty KIND CMD [ARG]...: run CMD while the programs of empty.bpf.c whose name has KIND in it
 * (fe, for fentry and fexit; session; probe) are attached.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "empty.skel.h"

#define BPF_TRACE_FSESSION 58 /* of Linux 7.0 on */

static int attach(struct empty_bpf *e, const char *kind)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, e->obj)
		bpf_program__set_autoload(p, strstr(bpf_program__name(p), kind) != NULL ||
						     p == e->progs.run_tp);
	bpf_program__set_expected_attach_type(e->progs.ioctl_session, BPF_TRACE_FSESSION);
	if (empty_bpf__load(e))
		return -1;
	bpf_object__for_each_program(p, e->obj)
		if (bpf_program__fd(p) >= 0 && !bpf_program__attach(p))
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct empty_bpf *e = empty_bpf__open();
	int status;
	pid_t pid;

	if (argc < 3 || !e || attach(e, argv[1])) {
		fprintf(stderr, "empty: cannot attach %s: %s\n", argc < 2 ? "" : argv[1],
			strerror(errno));
		return 3;
	}
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
