#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tables of bench/peers/run, out of what a guest may print: a peer that failed costs no other its figures, and
# no peer is said to have lost nothing where it was not seen to speak of a loss. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
# shellcheck source=tests/tap.bash
. tests/tap.bash

cat >"$tmp/cost" <<'END'
bare other 1000
bare negotiation 6000
bare-wall other 1000
fexit start 800000000
fexit other 1450
fexit negotiation 8300
bpftrace start 2100000000
bpftrace other 1460
trace-cmd start 46000000
trace-cmd failed 1
sizes compatcaps-trace 9728
END
cat >"$tmp/flood" <<'END'
fexit start 800000000
fexit calls 1000
fexit kept 400
fexit lost 600
bpftrace calls 1000
bpftrace kept 50
bpftrace lost 0
bpftrace control 0
ftrace calls 1000
ftrace kept 990
ftrace lost 0
ftrace control 70
trace-cmd calls 1000
trace-cmd failed 1
END
# tables VERB: what bench/peers/run prints of that file, with one space between words.
tables() {
	PYTHONDONTWRITEBYTECODE=1 python3 - "$1" "$tmp/$1" <<-'END' | tr -s ' '
		import runpy, sys
		run = runpy.run_path("bench/peers/run")
		figures = run["parse"](open(sys.argv[2]).read())
		if sys.argv[1] == "cost":
		    run["cost"](figures, "here", "instructions")
		else:
		    run["flood"].__globals__["guest"] = lambda *_: figures
		    run["flood"]("1000")
	END
}
has() { grep -qxF -e "$1" "$tmp/said"; }

tables cost >"$tmp/said" 2>&1
has "another VM ioctl 1,000 +450 +460 -"
result $? "a peer that failed is '-', and the others keep their figures"
has "until it is attached, in millions of instructions 800.0 2,100.0 -"
result $? "what a peer measured before it failed is not shown"
tables flood >"$tmp/said" 2>&1
has "fexit 400 600 0 -"
result $? "what is kept, lost and unaccounted"
has "bpftrace 50 not found not found 0"
result $? "a loss of 0 says nothing of a peer that does not speak of a certain loss either"
has "ftrace 990 0 10 70"
result $? "a loss of 0 of a peer that speaks of losses is one"
has "trace-cmd - - - -"
result $? "a peer that failed in the flood is '-'"
exit $failed
