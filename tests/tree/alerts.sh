#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC2317 # functions are called by their names
#
# packaging/prometheus: the alerts' cases (promtool), and with real recordings, a real node_exporter, Prometheus
# and alertmanager each alert, each metric and each query of the dashboard. TAP.
set -uo pipefail
cd "${TOP:-$(dirname "$0")/../..}" || exit 1
export O=${O:-build}
# shellcheck source=tests/tap.bash
. tests/tap.bash
work=$tmp

rules=packaging/prometheus/alerts.yml
cp tests/tree/alerts.yml "$work"
cases() { cp "$1" "$work/alerts_under_test.yml" && (cd "$work" && promtool test rules alerts.yml); }

every_alert_has_a_case() {
	diff <(sed -n 's/^ *- alert: //p' "$rules" | sort) <(grep -oE 'alertname: [A-Za-z]+' tests/tree/alerts.yml | sed 's/.* //' | sort -u)
}

# spoilt SED WHAT: a rule that is spoilt in this way fails its case.
spoilt() {
	sed -E "$1" $rules >"$work/spoilt.yml"
	refuses "a case notices $2" eval '! cmp -s $rules "$work/spoilt.yml" && cases "$work/spoilt.yml"'
}

# rows HEADING COLUMN, of a table of docs/fleet.md
rows() { awk -v h="$1" '/^#/ || /^$/ { on = 0 } $0 == h { on = 1 } on && ++n > 2' docs/fleet.md | cut -d '|' -f "$2" | tr -d '` '; }
documented_alerts() { diff <(sed -n 's/^ *- alert: //p' "$rules") <(rows '| alert | what has happened |' 2); }
# Of the journal's ids those of the program, in its own order, and that of what is missing.
documented_ids() {
	diff <(sed -nE 's/^\t\[EVENT_[A-Z_]+\] = "([0-9a-f]{32})",$/\1/p' src/output/emit_journal.c
		sed -nE 's/^#define JOURNAL_MISSED_ID "([0-9a-f]{32})"$/\1/p' src/output/journal.h) <(rows '| type | `MESSAGE_ID` |' 3) &&
		diff <(sed -nE 's/^\t\t\[EVENT_[A-Z_]+\] = "([a-z-]+)",$/\1/p' src/diagnosis/event.c; echo missed) <(rows '| type | `MESSAGE_ID` |' 2)
}

holds "the alerts that docs/fleet.md names" documented_alerts
holds "the ids of the journal's entries that docs/fleet.md names" documented_ids
holds "the alerts can be read" promtool check rules --lint-fatal $rules
holds "their cases" cases $rules
holds "each has a case" every_alert_has_a_case
spoilt 's/== 0 and on/== 1 and on/' "another state"
spoilt 's/\[15m\]/[2h]/' "another window"
spoilt 's/accepted-above-host"\}/other"}/' "another cause"
spoilt 's/ and on \(instance\) up == 1//' "an alert about a host that is down"
spoilt 's/ > 60$/ > 6000/' "another age"
timeout -s KILL 240 python3 tests/tree/alerts_live.py || failed=1
exit "$failed"
