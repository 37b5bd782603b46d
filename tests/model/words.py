# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sentences of a VM. Each is taken apart into clauses that are known here, and each clause is held against the truth
(truth.py's Claims) and against the data of its event: a clause's function returns what is wrong with it. A clause
that is not known here is a fault, too: whoever makes a new one says here what it claims."""
import re

from kernel import AGES, BAD_EXITS, ERRNOS, INVALID, NAMES, RAW, nearest

MODE = r"(?:POWER\d+\+?|ISA 3\.2|the host's default|0x[0-9a-f]{8})"
RUNS = r"(?:POWER\d+\+?|ISA 3\.2|0x[0-9a-f]{8}|the host's own mode|the processor's own mode \(PVR 0x[0-9a-f]{8}\))"
CAS = r"(?P<cas> in its guest's CAS)?"
CAUSE = r"[a-z0-9]+(?:-[a-z0-9]+)*"
WHY = r"(?P<why>[^().]+)"
NO_PAPR = ": KVM_CAP_PPC_PAPR was not enabled on this vCPU, without which KVM HV runs no guest"
EXIT = rf"(?:E[A-Z0-9]+(?:{NO_PAPR})?|\d+|exit reason [a-z-]+(?:, suberror \d+|, hardware reason 0x[0-9a-f]+)?)"
HOW = rf"(?:(?P<line>KVM.*?)(?P<more>\.\.\.)? \((?P<exit>{EXIT})\)|(?P<exit2>{EXIT}))"
WHO = r"(?P<who>vCPU \d+ |vCPUs [\d, ]+(?:and others )?|a vCPU )?"
OF_GROUP = r"(?:of (?P<who>vCPUs [\d, ]+(?:and others )?))?"
MODES = r"(?P<modes>none|POWER[0-9]+(?: POWER[0-9]+)*)"
SEPARATOR = re.compile(r"(?:[,;:.]? (?:and |or |in between )?|\.)")
END = r"(?=$|[ ,;:.])"
FOUND = {"host-default": "with no mode set", "refused": "with a mode that KVM had refused", "no-vcpu": "without a vCPU",
         "differs": "its vCPUs in different modes"}
WHYS = ("is older than this trace", "not watched", "is cut off", "events were lost", "filter hides", "of some outcomes alone",
        "of schema 1", "could not be told")
HOPELESS = ("no-kernel-support", "no-backend", "backend-not-pseries", "backend-unmapped-cpu-version")


def wanted(pvr):
    return "the host's default" if not pvr else NAMES.get(pvr) or ("ISA 3.2" if pvr == 0x0f000008 else f"0x{pvr:08x}")


def runs_in(pvr):
    if pvr is None:
        return "a mode not known"
    if pvr in RAW.values():
        return f"the processor's own mode (PVR 0x{pvr:08x})"
    return wanted(pvr) if pvr else "the host's own mode"


def exit_text(event):
    """How a KVM_RUN failed, in words, without the hardware's reason."""
    return ERRNOS[-event.ret] if event.ret < 0 else f"exit reason {BAD_EXITS[event.reason]}"


def unless(good, problem):
    return None if good else problem


class Sentence:
    """One that is being taken apart. claims: of its VM. group: the vCPUs that clauses are about; None: all that asked.
    cursor: how many of their requests have been told."""

    def __init__(self, claims, story=None, request=None, failure=None):
        self.c, self.truth = claims, claims.truth
        self.story, self.request, self.failure = story, request, failure
        self.group, self.cursor, self.all_told, self.of_vm = None, 0, True, True
        self.hinted = request
        self.told, self.failures, self.is_cut = set(), set(), False  # vCPUs that were told of, and whose failures were
        self.told_last = []  # runs that failed, which were told of last
        self.schema_1, self.cause = claims.world.schema_1, claims.truth.cause

    def requests(self, vcpu):
        """Of a vCPU; None: of those that cannot be told apart."""
        return self.c.of("request", vcpu=vcpu)

    def asking(self):
        return [None] if self.schema_1 else sorted({e.vcpu for e in self.c.of("request")})

    def why(self, m, *points):
        return self.c.why(m["why"], *points)

    def whole(self, *points):
        return self.c.why(None, *points)

    # ------------------------------------------------------------ found, queried

    def head(self, m):
        story = self.story
        good = story and (int(m["vm"]), int(m["pid"]), m["guest"]) == (story["vm"], story["pid"], story["guest"])
        return unless(good, "its head is another VM's")

    def found(self, m):
        found = self.c.of("found")
        mode = self.truth.found_mode(found[0]) if found else {"mode_is": None}
        want = f"in mode {wanted(int(mode['pvr'], 16))}" if mode["mode_is"] == "set" else FOUND.get(mode["mode_is"])
        return unless(found and m["found"] == want, f"it was found: {mode}")

    def found_hint(self, *modes, of_all=False):
        """What a hint says of all its vCPUs. of_all: seen or not."""
        found = self.c.of("found")[0]
        there = found.regs if of_all else {0 if pvr in RAW.values() else pvr for pvr in found.data["seen"].values()}
        return unless(there == set(modes), f"they have {[hex(reg or 0) for reg in there]}")

    def found_some(self, seen, of):
        found = self.c.of("found")[0]
        return unless((len(found.data["seen"]), found.vcpus) == (seen, of), "others of its vCPUs were seen")

    def counts(self):
        """(all queries that were seen, the causes of those that failed, how many succeeded)."""
        queries = self.c.of("query")
        failed = [self.cause(e) for e in queries if e.ret]
        return len(queries), failed, len(queries) - len(failed)

    def queries(self, m):
        (n, failed, n_ok), some = self.counts(), m.groupdict()
        wrong = int(m["n"]) != n or some.get("failed") and len(failed) != int(m["failed"]) or \
            some.get("how") == "failed" and n_ok or some.get("how") == "succeeded" and failed or \
            some.get("cause") and failed[:1] != [m["cause"]]
        if wrong:
            return f"there were {n} queries, which failed for {failed}"
        return unless(self.c.may_miss("ioctl"), "all were seen") if some.get("seen") else self.whole("ioctl")

    def retries(self, n, recovered):
        of = self.story["queries"]
        return unless((of["retries"], of["recovered"]) == (n, recovered), "there were other retries")

    def all_failed(self, m, newest):
        _, failed, n_ok = self.counts()
        return unless(failed and not n_ok and failed[-1] == m["cause"] if newest else True, f"{n_ok} succeeded, {failed}")

    def offered(self, m):
        good = [e for e in self.c.of("query") if e.ret == 0]
        told = self.truth.by_line[id(good[-1])]["modes"] if good else None
        return unless(told is not None and (" ".join(told) or "none") == m["modes"], f"it was told {told}")

    # ------------------------------------------------------------ requests

    def begin_group(self, who):
        # Of the VM where nobody is named: of all that asked, or of those that did anything where none did.
        group = (self.asking() or self.c.vcpus()) if who is None else [int(number) for number in re.findall(r"\d+", who)] or [None]
        if group == self.group and not self.cursor:
            return None  # something else was told of it
        problem = self.finish()
        self.group, self.cursor, self.all_told, self.of_vm = group, 0, True, who is None
        self.told |= set(group)
        return problem or unless(who is not None or self.are_alike(), "vCPUs asked for different modes")

    def are_alike(self):
        """Did all that asked ask for the same, with the same answers? Then they are told of together."""
        asked = [[(e.pvr, self.cause(e), e.by) for e in self.requests(vcpu)] for vcpu in self.asking()]
        return not asked or asked.count(asked[0]) == len(asked)

    def finish(self):
        for vcpu in self.group or [] if self.all_told and not self.failure else []:
            n = len(self.requests(vcpu))
            if n != self.cursor:
                return f"vCPU {vcpu} made {n} requests, of which {self.cursor} are told"
        return None

    def asked(self, m):
        """For a mode, some times, with an answer; above: although the host does not have it."""
        some = m.groupdict()
        cause = some.get("cause") or ("accepted-above-host" if some.get("above") else None)
        if self.failure:  # of vCPUs that cannot be told apart one asked so
            asked = self.c.in_force(self.failure) if not self.schema_1 else [
                e for e in self.c.of("request") if (wanted(e.pvr), self.cause(e)) == (m["mode"], cause)]
        else:
            problem = self.begin_group(some.get("who")) if not some.get("then") else None
            times = int(some.get("times") or 1)
            asked = [e for vcpu in self.group for e in self.requests(vcpu)[self.cursor:self.cursor + times]]
            self.cursor += times
            if problem or len(asked) != times * len(self.group):
                return problem or "it did not ask so often"
        for e in asked:
            if wanted(e.pvr) != m["mode"] or some.get("cause", self.cause(e)) != self.cause(e) or \
                    some.get("refused") and e.ret == 0:
                return f"it asked for {wanted(e.pvr)}: {self.cause(e)}"
            if bool(some.get("cas")) != (e.by == "cas"):
                return f"why it asked: {e.by}"
            modes = self.truth.by_line[id(e)]["host_modes"] or [None]
            if some.get("above") and (self.cause(e) != "accepted-above-host" or e.host.checks or m["newest"] not in (None, modes[-1])):
                return f"KVM said {e.why} to {m['mode']}; the host has {modes}"
        return unless(asked, "it did not ask")

    def asked_often(self, m):
        problem = self.begin_group(m["who"])
        self.all_told = False
        for vcpu in self.group:
            told = self.requests(vcpu)
            refused = sum(e.ret < 0 for e in told)
            if (len(told), refused) != (int(m["times"]), int(m["refused"] or 0)) or \
                    (wanted(told[-1].pvr), self.cause(told[-1]), told[-1].by == "cas") != (m["mode"], m["cause"], bool(m["cas"])):
                return f"vCPU {vcpu} asked {len(told)} times and was refused {refused} times"
        return problem

    def others(self, m):
        self.all_told, self.is_cut = False, True
        return unless(int(m["n"]) < len(self.c.vcpus()), "there are not so many")

    def left_out(self, text):
        """What a paragraph does not say and has to: nothing of what was seen is left out in silence."""
        failed = {None if self.schema_1 else e.vcpu for e in self.c.of("run")}
        asked, queries = set(self.asking() if self.c.of("request") else []), self.counts()[0]
        if not self.is_cut and (asked - self.told or failed - self.failures):
            return f"it lacks vCPUs: asked {asked}, told {self.told}; failed {failed}, told {self.failures}"
        if queries and not re.search(rf"{queries} quer(y|ies)", text):
            return f"it lacks {queries} queries"
        if self.c.of("ran") and not re.search(r"\b(runs?|ran|to run)\b", text) and not self.is_cut:
            return "it lacks that it ran"
        return unless(not self.c.reasons("ioctl", "reg") or any(why in text for why in WHYS) or self.c.world.untold,
                      "it lacks that not all was seen")

    # ------------------------------------------------------------ runs

    def members(self, who=None):
        if who:
            return [int(number) for number in re.findall(r"\d+", who)] or [None]
        return self.c.vcpus() if self.group is None or self.of_vm else self.group

    def newest_runs(self, who=None):
        """Of each of these that has run since its newest request."""
        runs = [(self.c.of("ran", vcpu=vcpu)[-1:], self.requests(vcpu)[-1:]) for vcpu in self.members(who)]
        return [ran[0] for ran, asked in runs
                if ran and (not asked or self.truth.at(ran[0]) > self.truth.at(asked[0]))]

    def tense(self, m):
        """How it runs now, or ran at its end, is known where neither a request nor a KVM_RUN that failed can have been
        missed. Whether it still does is not, where a KVM_RUN of it has failed."""
        if "seen" in m["tense"]:
            return unless(self.c.may_miss("reg", "run"), "nothing was missed")
        return self.whole("reg", "run") or unless(
            (m["tense"] == "ran") == (self.c.has_ended() or bool(self.c.of("run"))), "it has ended or failed, or not")

    def runs(self, m, mode):
        """All of the group that run do so in this mode; or it ran so before its next request."""
        if m["tense"] == "ran":
            problem = self.begin_group(m["who"]) if m["who"] or self.group is None else None
            if problem or not self.ran_before(mode):
                return problem
        modes = {runs_in(e.shown) for e in self.newest_runs(m["who"])}
        return self.tense(m) if modes == {mode} else f"it runs in {sorted(modes)}"

    def went_on(self, m):
        good = all(self.requests(None if self.schema_1 else e.vcpu)[-1].ret < 0 for e in self.newest_runs(m["who"]))
        return self.runs(m, "the host's own mode") or unless(good, "it was not refused")

    def ran_before(self, mode):
        """After the requests that were told, before its next one."""
        runs = [e for vcpu in self.group or [None] for e in self.c.of("ran", vcpu=vcpu)
                if self.is_between(e, vcpu) and (not self.all_told or self.cursor < len(self.requests(vcpu)))]
        return unless(any(mode == runs_in(e.shown) for e in runs), "it did not run then")

    def is_between(self, event, vcpu):
        """After the requests that were told, and ahead of the next one."""
        if self.failure or not self.all_told:
            return True
        asked = [self.truth.at(e) for e in self.requests(vcpu)]
        at, cursor = self.truth.at(event), self.cursor
        return (not cursor or asked[cursor - 1] < at) and (cursor >= len(asked) or at < asked[cursor])

    def differ(self, m):
        modes = {e.vcpu: runs_in(e.shown) for e in self.newest_runs()}
        told = re.findall(rf"(?:vCPU (\d+)|a vCPU) in ({RUNS}|a mode not known)", m["list"])
        if len(set(modes.values())) < 2 or any(number and modes.get(int(number)) != mode for number, mode in told) or \
                (len(told) != len(modes) and "and others" not in m["list"]):
            return f"they run in {modes}"
        return self.tense(m)

    def fail(self, m, is_right):
        some = m.groupdict()
        vcpu = int(some["vcpu"]) if some.get("vcpu") else None
        if not self.failure and (self.group is None or vcpu not in (None, *self.group)):
            problem = self.begin_group(None if vcpu is None else f"vCPU {vcpu}")
            if problem:
                return problem
        could = [self.failure] if self.failure else [
            e for number in ([vcpu] if vcpu is not None else self.members()) for e in self.c.of("run", vcpu=number)[:1]]
        told = some.get("exit") or some.get("exit2")
        how = re.split("[,:]", told)[0]
        good = [e for e in could if how == exit_text(e) and vcpu in (None, e.vcpu) and is_right(e)
                and (NO_PAPR not in told or not e.papr and not self.c.vm.plan["pr"])]
        if not good:
            return f"no such run failed so, but so: {[exit_text(e) for e in could]}"
        self.failures |= {None if self.schema_1 else e.vcpu for e in good}
        self.told_last = good
        inside = [e for e in good if self.schema_1 or e.vcpu in (self.group or [])]
        if inside and not any(self.is_between(e, None if self.schema_1 else e.vcpu) for e in inside):
            return "it failed earlier, or later"
        return unless(not some.get("line") or any(self.is_printed(m["line"], e) for e in good), "KVM did not print that then")

    def fail_alike(self, m, is_right):
        """Each of the group, or of those that are named here, failed so."""
        if m.groupdict().get("who"):
            problem = self.begin_group(m["who"])
            if problem:
                return problem
        failed = [self.c.of("run", vcpu=vcpu)[:1] for vcpu in self.group or []]
        if len(failed) < 2 or not all(failed):
            return "not each of them failed"
        told = m.groupdict().get("exit") or m.groupdict().get("exit2")
        for e, in failed:
            if re.split("[,:]", told)[0] != exit_text(e) or not is_right(e) or (NO_PAPR in told and (e.papr or self.c.vm.plan["pr"])):
                return f"vCPU {e.vcpu} failed otherwise: {exit_text(e)}"
            if not self.is_between(e, e.vcpu):
                return f"vCPU {e.vcpu} failed earlier, or later"
            if m.groupdict().get("line") and not self.is_printed(m["line"], e):
                return f"KVM did not print that for vCPU {e.vcpu}"
        self.failures |= {e.vcpu for e, in failed}
        self.told_last = [e for e, in failed]
        return None

    def is_printed(self, text, run):
        """In a KVM_RUN of that vCPU after which none ended well before this one failed. Older recordings do not tell
        the vCPU of a line, nor the KVM_RUN that ended well after it."""
        return any(e.text.startswith(text) and e.thread == run.thread and self.truth.at(e) <= self.truth.at(run)
                   and (self.schema_1 or e.vcpu == run.vcpu and not self.ran_between(e, run))
                   for e in self.c.of("line"))

    def ran_between(self, line, run):
        """A good KVM_RUN that was lost, of which the recording tells later, nobody can know of yet."""
        events = self.c.vm.events
        return any(e.kind == "ran" and e.vcpu == run.vcpu and not (e.lost == "lost" and self.c.is_unknowable())
                   for e in events[events.index(line):events.index(run)])

    def has_never_run(self, run):
        earlier = [e for e in self.c.vm.events if e.t < run.t and (
            e.kind == "ran" or e.kind == "interrupted" and e.entered)]
        return run.first and (not earlier or self.c.is_unknowable())

    def printed(self, m):
        return unless(any(self.is_printed(m["text"], e) for e in self.told_last), "KVM did not print that then")

    # ------------------------------------------------------------ hints

    def who_asked(self, m):
        like = [self.request] if self.request else [
            e for e in self.c.of("request") if self.requests(None if self.schema_1 else e.vcpu)[-1] is e
            and self.cause(e) not in ("accepted", "host-default")]
        like = [e for e in like if wanted(e.pvr) == m["mode"]]
        self.hinted = like[-1] if like else None
        return unless(like, "nobody asked for that last")

    def host_offers(self, m):
        if not self.hinted:  # of one that was found, not of a request
            known = self.c.offers()[0]
            good = m["guess"] and self.c.offers()[1] == "cpu-version" and not self.truth.is_sure(self.c.host)
            return unless(good and " ".join(known) == m["modes"], f"what is known of the host is {known}")
        known = self.truth.by_line[id(self.hinted)]["host_modes"]
        if known is None or (" ".join(known) or "none") != m["modes"]:
            return f"what is known of the host is {known}"
        return unless(m["guess"] or self.truth.is_right(known, self.hinted.host), "the host has others")

    def would_do(self, mode):
        known = self.truth.by_line[id(self.hinted)]["host_modes"]
        if self.hinted.why == "bug":
            # What stands for the host's own mode, or is taken for it, is refused.
            taken = [m for m in known or [] if m != "POWER10" or NAMES[self.hinted.host.cpu] != "POWER11"]
            return unless(taken and mode == taken[-1], f"what is known of the host is {known}")
        return unless(mode == nearest(known, self.hinted.pvr), f"what is known of the host is {known}")

    def can_query(self):
        if self.c.host.abi is None or self.c.vm.plan["pr"] and "ops" not in self.c.host.hidden:
            return "this kernel answers no query of this VM"
        ret, _, cause = self.c.host.hook()
        return unless(ret == 0, f"the answer would be {cause}")

    def correct_query(self):
        _, failed, n_ok = self.counts()
        return unless(failed and not n_ok and failed[-1] not in HOPELESS, "no other query can succeed") or self.can_query()

    def is_raw(self):
        return self.hinted.pvr >> 24 != 0x0f and self.hinted.pvr not in (0, INVALID)

    def has_unknown_mode(self):
        return any(e.shown is None for e in self.c.of("ran"))


def told(sentence, m):
    return sentence.all_failed({**m.groupdict(), "cause": (sentence.counts()[1] or [None])[-1]}, True)


S = Sentence
NO = {"why": None}
CLAUSES = [(re.compile(regex + END), holds) for regex, holds in [
    (r"started to take in a migrated guest \(-incoming\)", lambda s, m: unless(s.c.vm.plan["incoming"], "it took in none")),
    (rf"was there when this trace began(?:, (?P<found>in mode {MODE}|{'|'.join(FOUND.values())}))?", S.found),
    (r"the mode of its vCPUs could not be read", lambda s, m: unless(not s.c.of("found")[0].data["seen"], "it was read")),
    (r"it has no vCPU yet", lambda s, m: unless(s.c.of("found")[0].vcpus == 0, "it has one")),
    (r"KVM PR has no compatibility modes", lambda s, m: unless(s.c.vm.plan["pr"], "it is one of KVM HV")),
    (r"no mode is set(?: \(it has the processor's own PVR, 0x[0-9a-f]{8}(?:, a POWER\d+)?\))?: none was requested, the host's "
     r"default was, or KVM refused the request; on which other hosts it could run is not known", lambda s, m: s.found_hint(0)),
    (r"KVM refused the mode that was asked for, and runs (no such vCPU|no vCPU of it) any more \(KVM_RUN gives EINVAL\)",
     lambda s, m: s.found_hint(INVALID, of_all=m[1] == "no vCPU of it")),
    (r"its vCPUs have different modes", lambda s, m: unless(len(s.c.of("found")[0].regs) > 1, "they have one")),
    (rf"it has mode ({MODE})(?:, which is none that is known here)?",
     lambda s, m: s.found_hint(*(reg for reg in s.c.of("found")[0].regs if wanted(reg) == m[1]))),
    (r"which this host offers", lambda s, m: unless(s.c.offers_all(), "the host does not")),
    (rf"which this host does not offer \(it offers {MODES}\), so that it may fail when it runs",
     lambda s, m: unless(not s.c.offers_all(), "the host does")),
    (r"a POWER\d+(?: or newer)? host has that mode", lambda s, m: unless(len(s.c.of("found")[0].regs) == 1, "of all?")),
    (r"of (\d+) of its (\d+) vCPUs no process has a descriptor open, so that their mode is not known",
     lambda s, m: s.found_some(int(m[2]) - int(m[1]), int(m[2]))),
    (r"(\d+) of its (\d+) vCPUs (?:was|were) seen then", lambda s, m: s.found_some(int(m[1]), int(m[2]))),
    (r"checked KVM_CAP_PPC_COMPAT_CAPS \(answer (-?\d+)\)",
     lambda s, m: unless(s.c.of("check")[-1].ret == int(m[1]), "it got another answer")),
    (rf"(?P<n>\d+) quer(?:y|ies)(?P<seen> (?:was|were) seen)?, which (?:all )?(?P<how>succeeded|failed)(?: \((?:first )?"
     rf"(?P<cause>{CAUSE})\)(?:, whether another succeeded was not seen)?)?", S.queries),
    (rf"(?P<n>\d+) queries(?P<seen> were seen)?, (?P<failed>\d+) of which failed \(first (?P<cause>{CAUSE})\)", S.queries),
    (r"1 retry, which (recovered|failed)", lambda s, m: s.retries(1, int(m[1] == "recovered"))),
    (r"(\d+) retries, (\d+) of which recovered", lambda s, m: s.retries(int(m[1]), int(m[2]))),
    (r"no query of it reached KVM", lambda s, m: s.whole("ioctl") or s.c.never("query")),
    (rf"(?:it )?was not seen to query \({WHY}\)", lambda s, m: s.c.unseen("query") or s.why(m, "ioctl")),
    (r"it was not seen to query", lambda s, m: s.c.unseen("query") or unless(s.c.may_miss("ioctl"), "nothing was missed")),
    (r"queried", lambda s, m: unless(s.counts()[2], "no query succeeded")),
    (rf"queried and failed \((?P<cause>{CAUSE})\)", lambda s, m: s.all_failed(m, True)),
    (rf"was offered {MODES}", S.offered),
    (rf"{WHO}(?P<then>then )?asked for (?P<mode>{MODE}){CAS}(?: (?P<times>\d+) times)?: (?P<cause>{CAUSE})", S.asked),
    (rf"{WHO}(?P<then>then )?(?P<refused>(?:was|were) refused) (?P<mode>{MODE}){CAS}(?: (?P<times>\d+) times)? \((?P<cause>{CAUSE})\)",
     S.asked),
    (rf"{WHO}asked for a mode (?P<times>\d+) times(?: \(refused (?P<refused>\d+) times\))?, the last time for "
     rf"(?P<mode>{MODE}){CAS}: (?P<cause>{CAUSE})", S.asked_often),
    (rf"{WHO}(?P<then>then )?asked for (?P<mode>{MODE}){CAS}(?: (?P<times>\d+) times)?, (?P<above>KVM accepted it although this host "
     r"(?:offers (?P<newest>\w+) at most|does not offer it) \(this kernel does not check, Linux 7\.3 does\))", S.asked),
    (r"asked for no mode", lambda s, m: s.whole("reg") or s.c.never("request")),
    (rf"was not seen to ask for a mode \({WHY}\)", lambda s, m: s.c.unseen("request") or s.why(m, "reg")),
    (r"(?P<n>\d+) more vCPUs? did otherwise", S.others),
    (rf"{WHO}(?P<tense>runs?|ran|(?:was|were) seen to run) in (?P<mode>{RUNS})", lambda s, m: s.runs(m, m["mode"])),
    (rf"{WHO}(?P<tense>runs?|ran|(?:was|were) seen to run), in a mode that is not known", lambda s, m: s.runs(m, runs_in(None))),
    (rf"{WHO}went on without a mode and (?P<tense>runs?|ran) in the host's own", S.went_on),
    (rf"then ran in ({RUNS})", lambda s, m: s.ran_before(m[1])),
    (r"then ran, in a mode that is not known", lambda s, m: s.ran_before(runs_in(None))),
    (rf"its vCPUs (?P<tense>run|ran|were seen to run) in different modes: (?P<list>(?:(?:, )?(?:vCPU \d+|a vCPU) in (?:{RUNS}|a mode not known))+"
     r"(?:, and others)?)", S.differ),
    (r"no KVM_RUN of it has succeeded yet", lambda s, m: unless(not s.c.has_ended(), "it has ended") or s.whole("run") or s.c.never("ran", "run")),
    (r"ended without a KVM_RUN that succeeded", lambda s, m: unless(s.c.has_ended(), "it lives") or s.whole("run") or s.c.never("ran", "run")),
    (rf"was not seen to run \({WHY}\)", lambda s, m: s.c.unseen("ran", "run") or s.why(m, "run")),
    (r"was not seen to run either", lambda s, m: s.c.unseen("ran", "run") or unless(s.c.may_miss("run"), "nothing was missed")),
    (rf"its first run failed: {HOW}", lambda s, m: s.fail(m, s.has_never_run)),
    (rf"the first run of (?:vCPU (?P<vcpu>\d+)|a vCPU) failed: {HOW}", lambda s, m: s.fail(m, lambda e: e.first)),
    (rf"the first run of each {OF_GROUP}failed: {HOW}", lambda s, m: s.fail_alike(m, lambda e: e.first)),
    (rf"KVM_RUN of each {OF_GROUP}(?:failed|ended) with (?P<exit>{EXIT})", lambda s, m: s.fail_alike(m, lambda e: True)),
    (rf"a later KVM_RUN of each {OF_GROUP}(?:failed|ended) with (?P<exit>{EXIT})", lambda s, m: s.fail_alike(
        m, lambda e: any(s.truth.at(ran) < s.truth.at(e) for ran in s.c.of("ran", vcpu=e.vcpu)))),
    (rf"KVM_RUN (?:of vCPU (?P<vcpu>\d+) )?(?:failed|ended) with (?P<exit>{EXIT})", lambda s, m: s.fail(m, lambda e: True)),
    (rf"a later KVM_RUN (?:of vCPU (?P<vcpu>\d+) )?(?:failed|ended) with (?P<exit>{EXIT})", lambda s, m: s.fail(
        m, lambda e: any(s.truth.at(ran) < s.truth.at(e) for ran in s.c.of("ran")))),
    (r'KVM printed: "(?P<text>[^"]*?)(?:\.\.\.)?"', S.printed),
    (rf"on a vCPU in ({RUNS})", lambda s, m: unless(any(runs_in(e.shown) == m[1] for e in s.c.of("run")), "in another mode")),
    (r"Its runs failed in (\d+) different ways", lambda s, m: unless(
        len({exit_text(e) for e in s.c.of("run")}) == int(m[1]), "in other ways")),
    (rf"Not all of its calls were seen \({WHY}\)", lambda s, m: s.why(m, "ioctl", "reg")),
    (r"Of the newest query: .*?(?=\.$|\. Not all )", told),
    (rf"this host offers {MODES}(?P<guess> by its cpu-version)?", S.host_offers),
    (r"what this host offers is not known", lambda s, m: unless(
        (s.c.offers()[0] if s.hinted is None else s.truth.by_line[id(s.hinted)]["host_modes"]) is None, "that is known")),
    (rf"its query failed \((?P<cause>{CAUSE})\)", lambda s, m: s.all_failed(m, True) or s.whole("ioctl")),
    (rf"a query of it failed \((?P<cause>{CAUSE})\), whether another succeeded was not seen",
     lambda s, m: s.all_failed(m, True) or unless(s.c.may_miss("ioctl"), "all were seen")),
    (r"the guest is likely to fail when it runs", lambda s, m: None),
    (r"This kernel does not check \(Linux 7\.3 does\)", lambda s, m: unless(s.cause(s.hinted) == "accepted-above-host" and not s.hinted.host.checks, "this kernel checks")),
    (r"ask for a mode that the answer has", lambda s, m: unless(s.counts()[2], "no query succeeded")),
    (r"start it with -machine pseries,max-cpu-compat=(?P<word>power\d+) \(libvirt: <cpu mode='host-model'><model>(?P=word)"
     r"</model></cpu>\)", lambda s, m: s.would_do(m["word"].upper())),
    (r"let it ask for (POWER\d+)", lambda s, m: s.would_do(m[1])),
    (r"run it on a host that offers (POWER\d+)", lambda s, m: unless(NAMES[s.hinted.pvr] == m[1], "it asked for another mode")),
    (r"its query was answered", lambda s, m: unless(s.counts()[2], "no query succeeded")),
    (r"correct it, and ask for a mode that its answer has", lambda s, m: s.correct_query()),
    (r"call KVM_PPC_GET_COMPAT_CAPS and ask for a mode that it offers", lambda s, m: s.can_query() or s.c.unseen("query")),
    (r"that is a processor's own PVR, and KVM takes logical ones alone", lambda s, m: unless(s.is_raw(), "it is none")),
    (r"no kernel knows this logical PVR", lambda s, m: unless(s.hinted.pvr not in AGES and not s.is_raw(), "it is known")),
    (r"KVM_CAP_PPC_PAPR was not enabled on this vCPU yet, without which Linux 7\.3 and newer refuse every mode"
     r"(?:: enable it first)?", lambda s, m: unless(not s.hinted.papr and not s.schema_1, "PAPR was enabled")),
    (r"this VM is one of KVM PR, which has no compatibility modes: make the VM with KVM HV",
     lambda s, m: unless(s.c.vm.plan["pr"], "it is one of KVM HV")),
    (r"KVM does not refuse an older mode for what this host offers; was KVM_CAP_PPC_PAPR enabled on this vCPU before\?",
     lambda s, m: unless(s.hinted.host.nested != "v2", "it does on v2")),
    (r"KVM refuses an older mode before KVM_CAP_PPC_PAPR is enabled, and on nested API v2 one that the host does not have; "
     r"which of these it was is not known", lambda s, m: unless("nested_api" in s.hinted.host.hidden, "it is known")),
    (r"this host runs in (POWER\d+) mode, which its hypervisor did not agree on, and there Linux up to 7\.3 looks for "
     r"(POWER\d+) where (?:POWER10|the host's default) is asked for", lambda s, m: unless(
         s.hinted.why == "bug" and m[1] == m[2] == NAMES[s.hinted.host.cpu], f"it is refused for another reason: {s.hinted.why}")),
    (r"the kernel refuses it(?:, its log may say why)?", lambda s, m: unless(s.hinted.ret < 0, "it accepted it")),
    (rf"Whether it made more queries or requests is not known: {WHY}", lambda s, m: s.why(m, "ioctl", "reg")),
    (rf"Whether it ran is not known: {WHY}", lambda s, m: s.c.unseen("ran", "run") or s.why(m, "run")),
    (r"What this host offered when it was refused a mode is not known", lambda s, m: unless(any(
        s.truth.by_line[id(e)]["host_modes"] is None for e in s.c.of("request") if e.ret < 0), "it is known")),
    (r"Which of its vCPUs asked or ran is not known", lambda s, m: unless(s.schema_1, "it is known")),
    (r"The mode that it ran in is not known: KVM did not tell", lambda s, m: unless(s.has_unknown_mode(), "it is known")),
    (r"The mode of (\d+) of its (\d+) vCPUs when this trace began is not known",
     lambda s, m: s.found_some(int(m[2]) - int(m[1]), int(m[2]))),
]]


def heads(claims):
    """Clauses that have names in them, which may look like anything."""
    comm, guest = re.escape(claims.vm.plan["comm"]), claims.vm.plan["guest"]
    named = f'(?:, guest "(?P<guest>{re.escape(guest)})")?' if guest else "(?P<guest>x)?"
    return [(re.compile(rf"VM (?P<vm>\d+), {comm}\[(?P<pid>\d+)\]{named}(?=: |, started)"), S.head),
            (re.compile(rf"{comm} asked for (?P<mode>{MODE}){END}"), S.who_asked)]


def check(text, claims, **more):
    sentence = Sentence(claims, **more)
    clauses = heads(claims) + CLAUSES
    problems, at = [], 0
    while at < len(text):
        found = [(m, holds) for m, holds in ((regex.match(text, at), holds) for regex, holds in clauses) if m]
        m, holds = max(found, key=lambda one: one[0].end(), default=(None, None))
        separator = SEPARATOR.match(text, m.end()) if m else None
        if not m or not separator and m.end() < len(text):
            return problems + [f"not understood: {text[m.end() if m else at:][:80]!r}"]
        try:
            problem = holds(sentence, m)
        except (IndexError, KeyError, TypeError, AttributeError) as error:
            problem = f"its data do not carry it ({type(error).__name__}: {error})"
        problems += [f"{m[0]!r}: {problem}"] if problem else []
        at = separator.end() if separator else m.end()
    last = [None if sentence.request else sentence.finish(), sentence.left_out(text) if text.startswith("VM ") else None]
    return problems + [problem for problem in last if problem]
