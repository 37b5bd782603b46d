# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What may be said of a scenario that was run, and whether a replay of its recording says that and no more. Each
field of each event is held against what happened, and against what the recording has of it."""
import words
from kernel import BAD_EXITS, BITS, ERRNOS, INVALID, NAMES, RAW, modes_of, nearest
from tracer import PLACES, hex32

OLDER = "the VM is older than this trace"
GAP = "it was not watched all the time"
ABSENT = "that was not watched"
CUT_OFF = "the recording is cut off"
LOST = "events were lost"
FILTER = "a filter hides a part of its calls"
OUTCOMES = "calls of some outcomes alone were recorded"
SCHEMA_1 = "a recording of schema 1 does not have its creation in order"
BIRTH = "when it was born could not be told"
STATES = {OLDER: "older", GAP: "gap", ABSENT: "gap", CUT_OFF: "gap", LOST: "lossy", FILTER: "filtered",
          OUTCOMES: "filtered", SCHEMA_1: "unknown", BIRTH: "unknown"}
LIFE = ("ioctl", "reg")
REFUSALS = ("newer-than-host", "outside-host-caps", "accepted-above-host")  # of modes, where another would do
NEVER_THERE = ("repeated", "not awaited")  # no record is made of it


def mode_name(pvr):
    return "invalid" if pvr == INVALID else "ISA 3.2" if pvr == 0x0f000008 else NAMES.get(pvr)


def hex_or_null(pvr):
    return None if pvr is None else hex32(pvr)


def errno_name(ret):
    return ERRNOS[-ret] if ret < 0 else None


class Claims:
    """What can be said of one VM, by what the recording has up to one of its lines."""

    def __init__(self, truth, vm, at):
        self.truth, self.vm, self.at = truth, vm, at
        self.world = truth.world
        self.t = truth.time_at(at)
        self.seen = [e for e in vm.events if e.line and truth.at(e) <= at]
        self.real = [e for e in vm.events if e.t <= self.t]
        # What the recording tells of the host by then, and since when.
        self.since, self.host = next((t, host) for t, host in reversed(truth.hosts) if t <= at)

    def of(self, *kinds, vcpu=None):
        return [e for e in self.seen if e.kind in kinds and vcpu in (None, e.data.get("vcpu"))]

    def truly(self, *kinds):
        return [e for e in self.real if e.kind in kinds]

    def has_ended(self):
        return bool(self.of("ended"))

    def reasons(self, *points):
        """Why something of these functions may have been missed: each that holds. None: nothing was."""
        reasons = set(self.all_reasons(points))
        missed = [e for e in self.real if PLACES.get(e.kind) in points and not e.line and e.lost not in NEVER_THERE]
        assert reasons or not missed or self.is_unknowable(), f"the model has no reason why {missed} was missed"
        return reasons

    def all_reasons(self, points):
        config, filters, vm, truth = self.world.config, self.world.filters, self.vm, self.truth
        births, ends = self.of("born"), self.of("ended")
        begin = truth.at(births[0]) if births else -1
        end = truth.at(ends[0]) if ends else self.at
        told_by = truth.all_told_by(end) if ends and self.at > truth.last_at else end
        birth = truth.attached_by("birth", min(end, self.at))
        if self.world.schema_1:
            yield from (SCHEMA_1, BIRTH)
        if not births or self.world.schema_1:
            first = self.world.attached["birth"][:1]
            if self.world.schema_1:  # what was there when a function was attached
                first = max((there[:1] for there in self.world.attached.values()), default=None)
            if not first or vm.born < first[0][0]:
                yield OLDER
            elif not filters.get("outcomes"):
                yield from (BIRTH, OLDER) if self.is_unknowable() else (BIRTH,)
            if not birth or any(not on for _, on in birth):
                yield BIRTH
        if any(self.has_gap(truth.attached_by(point, min(end, self.at)), vm.ended if ends else self.t) for point in points):
            yield from (GAP, ABSENT)
        for loss in self.world.losses:
            told = truth.told_at(loss)
            if told is not None and begin < told <= told_by and (loss.what is None or loss.what[1] in (None, vm) and (
                    PLACES[loss.what[0]] in points or loss.what[0] == "born" and not births)):
                yield LOST
        if filters.get("threads") or filters.get("processes"):
            yield FILTER
        if filters.get("outcomes"):
            yield OUTCOMES
        if config["cut"] is not None and not ends and self.at > truth.last_at:
            yield CUT_OFF

    def has_gap(self, watched, end):
        """Was there a time in its life, until end, in which this function was not watched?"""
        if not watched or watched[0][0] >= self.vm.born:
            return True
        return any(not on and t <= end and (not after or after[0][0] >= self.vm.born)
                   for (t, on), after in ((one, watched[i + 1:]) for i, one in enumerate(watched)))

    def why(self, why, *points):
        """Is that (None: nothing) why something may have been missed? What is wrong with it; None: nothing."""
        reasons = self.reasons(*points)
        if self.world.untold & {"birth", *points}:
            return None
        if why is None:
            return f"something may have been missed: {sorted(reasons)}" if reasons else None
        if not reasons:
            return f"nothing was missed: {why}"
        return None if why in reasons else f"{why}, and not one of {sorted(reasons)}"

    def may_miss(self, *points):
        """Something may have been missed, or the recording does not tell whether that is so."""
        return bool(self.reasons(*points) or self.world.untold & {"birth", *points})

    def states(self):
        reasons = self.reasons(*LIFE)
        return set(STATES.values()) | {"whole"} if self.world.untold & {"birth", *LIFE} else \
            {STATES[reason] for reason in reasons} or {"whole"}

    def is_unknowable(self):
        """Something was lost by then of which the recording tells later, or never."""
        return any(loss.t <= self.t and (self.truth.told_at(loss) is None or self.truth.told_at(loss) > self.at)
                   for loss in self.world.losses) or (
                       self.world.config["cut"] is not None and not self.has_ended())

    def never(self, *kinds):
        """Is it true that none of these happened? What is wrong with saying so."""
        if self.truly(*kinds) and not self.is_unknowable():
            return f"there were {len(self.truly(*kinds))}: {kinds}"
        return None

    def unseen(self, *kinds):
        """Nothing of these kinds was seen. What is wrong with saying so."""
        return f"{kinds} was seen" if self.of(*kinds) else None

    def vcpus(self):
        """Those that asked or ran; None stands for those that cannot be told apart."""
        return sorted({None if self.world.schema_1 else e.vcpu for e in self.of("request", "ran", "run")})

    def in_force(self, run):
        """The request that this run obeys, as the newest of its vCPU; none: none is known."""
        return [e for e in self.of("request", vcpu=run.vcpu) if self.truth.at(e) < self.truth.at(run)][-1:]

    def offers_all(self):
        """Does the host offer what a VM has that was found?"""
        return all(reg == 0 or self.host.offers() & BITS.get(reg, 0) for reg in self.of("found")[0].regs)

    def offers(self):
        """What is known of what the host offers: (modes, source); (None, None): nothing is."""
        own = [e for e in self.of("query") if e.ret == 0 and self.truth.at(e) > self.since]
        if own:
            return modes_of(own[-1].caps), "negotiation"
        h, hidden = self.host, self.host.hidden
        if "nested_caps" not in hidden and h.nested == "v2" and ("nested_api" not in hidden or h.caps):
            return modes_of(h.caps), "nested-capabilities"
        modes = modes_of(sum(bit for mode, bit in BITS.items() if mode <= h.cpu)) if h.cpu in BITS else []
        if "cpu_version" not in hidden and modes:
            return modes, "cpu-version"
        return None, None


class Truth:
    """A world, and what a replay of its recording printed."""

    def __init__(self, world, events, paragraphs):
        self.world, self.events, self.paragraphs = world, events, paragraphs
        self.order = {id(line): i for i, (line, _) in enumerate(world.lines) if line}
        self.last_at = len(world.lines) - 1
        self.times = [line["mono_ns"] if line else 0 for line, _ in world.lines]
        self.hosts = [(-1, world.config["hosts"][0])] + [
            (i, event.host) for i, (_, event) in enumerate(world.lines) if event and event.kind == "host"]
        self.by_line, self.numbers, self.problems, self.stories = {}, {}, [], []

    # ------------------------------------------------------------ where things stand

    def at(self, event):
        return self.order[id(event.line)]

    def time_at(self, at):
        """When the line of this index was written, as far as lines before it tell."""
        return self.world.t if at >= self.last_at else max(self.times[:at + 1])

    def told_at(self, loss):
        """Where the recording tells of this loss; None: it does not."""
        return self.order.get(id(loss.told.line)) if loss.told else self.last_at

    def all_told_by(self, at):
        """Where all that was lost by this line has been told: for each reason there is a line, one after the other. One
        among them that cannot be read may be another one; it is missed at the line after it."""
        begun = False
        for i, (line, event) in enumerate(self.world.lines[at + 1:], at + 1):
            if begun and line and event.kind != "lost":
                return i - (self.world.lines[i - 1][0] is not None)
            begun |= bool(line) and event.kind == "lost"
        return len(self.world.lines)

    def attached_by(self, point, at):
        """(when, attached?) of this function, as the lines up to this one tell."""
        if self.world.schema_1 and point in ("birth", "death"):
            return self.world.attached[point]
        return [(event.t, event.on) for line, event in self.world.lines[:at + 1]
                if line and event.kind == "attach" and event.point == point]

    def cause(self, entry):
        """Of a query or a request, as its own event gives it."""
        return self.by_line[id(entry)]["cause"]

    def wrong(self, event, what):
        self.problems.append(f"{event['type']} {event['seq']}: {what}")

    def expect(self, event, want, found=None, path=""):
        """Fields have these values, or one of a set of them."""
        found = event if found is None else found
        for key, value in want.items():
            there = found.get(key, "(it is not there)")
            if isinstance(value, dict) and isinstance(there, dict):
                self.expect(event, value, there, f"{path}{key}.")
            elif there not in value if isinstance(value, (set, range)) else there != value:
                self.wrong(event, f"{path}{key} is {there!r}, and not {value!r}")

    def why(self, event, key, problem):
        if problem:
            self.wrong(event, f"{key}: {problem}")

    def say(self, event, claims, text, **more):
        """What a sentence says is held against the truth."""
        for problem in words.check(text, claims, **more):
            self.wrong(event, f"{problem}\n  {text}")

    # ------------------------------------------------------------ the whole of it

    def check(self):
        outputs = {(event["type"], event["mono_ns"]): event for event in reversed(self.events)}
        for line, entry in self.world.lines:
            event = outputs.get((line["type"], line["mono_ns"])) if line else None
            if event is None and line:
                self.problems.append(f"{line['type']} at {line['mono_ns']} is missing")
            elif line and entry.vm:
                self.by_line[id(entry)] = event
                self.check_event(event, entry)
            elif line and entry.kind == "stillborn":
                self.expect(event, {"vm": None, "event": "failed", "errno": errno_name(entry.ret), "watched": None, "story": None})
            elif line and entry.kind == "untold":
                self.expect(event, {"vm": None, "errno": errno_name(entry.ret), "first": None, "pvr": None, "hint":
                                    f"KVM_RUN failed with {errno_name(entry.ret)}; of which VM could not be told"})
        self.check_stories()
        self.check_end(self.events[-1])
        return self.problems

    def check_end(self, event):
        seen = [entry for line, entry in self.world.lines if line]
        is_cut = self.world.config["cut"] is not None

        def count(kind, good=None):
            return sum(e.kind == kind and (good is None or (e.ret == 0) == good) for e in seen)
        self.expect(event, {
            "type": "end", "cut_off": is_cut, "lost": sum(self.told_at(loss) is not None for loss in self.world.losses),
            "totals": {"negotiations_ok": count("query", True), "negotiations_failed": count("query", False),
                       "asks_ok": count("request", True), "asks_failed": count("request", False), "checks": count("check"),
                       "vms": count("born"), "runs": count("run") + count("untold"), "kernel_messages": count("line"),
                       "runs_repeated": 0 if is_cut else self.world.repeated}})

    def check_event(self, event, entry):
        number = event["vm"]
        if self.numbers.setdefault(number, entry.vm) is not entry.vm or number is None:
            self.wrong(event, f"vm {number} is another VM")
        claims = Claims(self, entry.vm, self.at(entry))
        getattr(self, "check_" + entry.kind)(event, entry, claims)

    def check_born(self, event, _entry, claims):
        self.expect(event, {"event": "created", "story": None, "watched": claims.states()})

    def check_ended(self, event, _entry, claims):
        self.expect(event, {"event": "ended", "watched": claims.states()})
        self.say(event, claims, event["story"])

    def check_found(self, event, entry, claims):
        self.expect(event, self.found_mode(entry))
        self.say(event, claims, event["hint"])
        known, source = claims.offers()
        is_known = bool(known) and (source != "cpu-version" or self.is_sure(claims.host))
        if event["offered"] not in (None, claims.offers_all()) or is_known and event["offered"] is None and (
                event["mode_is"] == "set" and len(entry.seen) == entry.vcpus and int(event["pvr"], 16) in BITS):
            self.wrong(event, f"offered is {event['offered']}, the vCPUs have {[hex32(reg) for reg in entry.regs]}")

    @staticmethod
    def found_mode(entry):
        seen = {0 if pvr in RAW.values() else pvr for pvr in entry.data["seen"].values()}
        pvr = min(seen) if len(seen) == 1 and not entry.vm.plan["pr"] else None
        is_ = "none" if entry.vm.plan["pr"] else "no-vcpu" if not entry.vcpus else "not-known" if not seen else \
            "differs" if len(seen) > 1 else "refused" if pvr == INVALID else "set" if pvr else "host-default"
        return {"mode_is": is_, "pvr": hex32(pvr) if is_ == "set" else None}

    def check_query(self, event, entry, _claims):
        is_whole = event["backend"]["watched"] and not self.world.host.hidden
        self.expect(event, {"cause": {entry.cause} if is_whole else {entry.cause, "unexpected"},
                            "modes": modes_of(entry.caps or 0)})

    def check_check(self, event, entry, _claims):
        self.expect(event, {"answer": entry.ret})

    def check_line(self, event, entry, _claims):
        self.expect(event, {"message": entry.text})

    def check_request(self, event, entry, claims):
        queries = claims.of("query")
        failed = [self.cause(e) for e in queries if e.ret]
        known, source = claims.offers()
        queried = "yes" if len(failed) < len(queries) else "failed" if failed else \
            "not-seen" if claims.may_miss("ioctl") else "no"
        self.expect(event, {
            "queried": {queried, "no"} if self.world.untold else queried,
            "query_cause": failed[-1] if queried == "failed" else None, "mode": mode_name(entry.pvr),
            "errno": errno_name(entry.ret), "host_modes": known, "host_modes_source": source,
            "cause": self.arch_causes(entry, known)})
        self.why(event, "queried", claims.never("query") if event["queried"] == "no" else None)
        self.why(event, "not_seen", claims.why(event["not_seen"], "ioctl"))
        option = nearest(event["host_modes"], entry.pvr) if event["cause"] in REFUSALS else None
        self.expect(event, {"max_cpu_compat": option and option.lower()})
        self.say(event, claims, event["hint"], request=entry)
        self.say(event, claims, event["developer_hint"] or "", request=entry)

    def arch_causes(self, entry, known):
        h = entry.host
        is_right = bool(known) and self.is_right(known, h)  # else it is a guess, or nothing is known
        if entry.ret == 0:
            if known and not is_right and entry.pvr:
                return {"accepted", "accepted-above-host"}
            return {"accepted-above-host" if known and entry.why == "above" else "accepted" if entry.pvr else "host-default"}
        unclear = {"before-papr"} if not self.world.schema_1 and not entry.papr else {"rejected"}
        if entry.why == "pr":
            # Older recordings have the hook alone, by which a kernel without the ioctl does not tell its backends apart.
            is_told = "ops" not in h.hidden and (h.abi or not self.world.schema_1)
            return {"kvm-pr"} if is_told else {"rejected", "unknown-pvr", "newer-than-host", "outside-host-caps", *unclear}
        if entry.why == "unknown":
            return {"unknown-pvr"}
        if entry.why == "newer":
            return {"newer-than-host"} if is_right else unclear | {"newer-than-host"} if known else unclear
        is_v2 = "nested_api" not in h.hidden or ("nested_caps" not in h.hidden and h.caps)
        if entry.why == "outside" and known and is_v2:
            return {"outside-host-caps"} if is_right else unclear | {"outside-host-caps"}
        return unclear

    @staticmethod
    def is_sure(host):
        """Does its cpu-version tell what it offers? Not on nested API v2, and not where that may be."""
        return host.nested != "v2" and "nested_api" not in host.hidden

    @staticmethod
    def is_right(known, host):
        """Does the host have just what is known of it? A cpu-version may not tell."""
        return known == modes_of(host.offers())

    def check_run(self, event, entry, claims):
        self.expect(event, {**self.how_it_failed(entry), "first": entry.first, **self.obeyed(entry, claims)})
        others = set(event["messages"]) - {e.text for e in claims.of("line")}
        self.why(event, "messages", f"KVM did not print {others}" if others else None)
        self.say(event, claims, event["hint"], failure=entry)

    @staticmethod
    def how_it_failed(entry):
        return {"errno": errno_name(entry.ret), "exit_reason": BAD_EXITS[entry.reason] if entry.ret >= 0 else None}

    def check_ran(self, event, entry, claims):
        self.expect(event, {"runs_pvr": hex_or_null(entry.shown), "runs_mode": mode_name(entry.shown),
                            **self.obeyed(entry, claims)})

    def obeyed(self, entry, claims):
        """The request that a run obeys; in schema 1 that cannot be told."""
        if self.world.schema_1:
            return {}
        asked = (claims.in_force(entry) or [None])[0]
        return {"pvr": hex32(asked.pvr) if asked else None, "accepted": asked.ret == 0 if asked else None,
                "ask_cause": self.cause(asked) if asked else None}

    # ------------------------------------------------------------ stories

    def check_stories(self):
        """One of each VM of which anything is recorded, where it belongs; at the end a second one of a VM that has
        ended, where more was lost of it than was known then."""
        vms, told = {e.vm.index: e.vm for line, e in self.world.lines if line and e.vm}, {}
        for before, event in zip(self.events, self.events[1:]):
            if event["type"] != "story":
                continue
            vm = self.numbers.get(event["vm"])
            end = next((e for e in vm.events if e.kind == "ended" and e.line), None) if vm else None
            if vm is None or vm.index not in vms or vm.index in told and not end:
                self.wrong(event, "it is of no VM" if vm is None else "a second one of its VM")
                continue
            is_again = vm.index in told
            if (before["type"] == "vm" and (before["event"], before["vm"]) == ("ended", event["vm"])) != (bool(end) and not is_again):
                self.wrong(event, "it is not told where its VM ends")
            at_end, now = Claims(self, vm, self.at(end) if end else self.last_at + 1), Claims(self, vm, self.last_at + 1)
            if is_again and all(at_end.reasons(*points) == now.reasons(*points) for points in (("ioctl",), ("reg",), ("run",))):
                self.wrong(event, "it is told again, and nothing more is known")
            told[vm.index] = event
            self.check_story(event, vm.plan, now if is_again else at_end)
        self.problems += [f"no story of VM {index}" for index in vms if index not in told]
        for index, event in told.items():
            self.check_paragraph(event, Claims(self, vms[index], self.last_at + 1))
        self.stories = list(told.values())

    def check_story(self, event, plan, claims):
        records = [e.line.get("evidence", {}) for e in claims.seen]
        checks, found, queries = claims.of("check")[-1:], claims.of("found"), claims.of("query")
        failed = [self.cause(e) for e in queries if e.ret]
        told = [e for e in queries if e.ret == 0]
        self.expect(event, {
            "guest": plan["guest"] if any(record.get("name_option") for record in records) else None,
            "pid": plan["pid"], "comm": plan["comm"], "coverage": {"state": claims.states()},
            "checked": {"answer": checks[0].ret} if checks else None,
            "queries": {"ok": len(told), "failed": len(failed), "first_cause": failed[0] if failed else None,
                        "last_cause": failed[-1] if failed else None, **self.retries(queries, claims)},
            "offered": modes_of(told[-1].caps) if told else None, "found": self.found_mode(found[0]) if found else None,
            "incoming": any(record.get("incoming") for record in records), "ended": claims.has_ended()})
        self.why(event, "coverage.why", claims.why(event["coverage"]["why"], *LIFE))
        self.why(event, "queries.not_seen", claims.why(event["queries"]["not_seen"], "ioctl"))
        if [vcpu["id"] for vcpu in sorted(event["vcpus"], key=lambda vcpu: vcpu["id"] or 0)] != claims.vcpus():
            self.wrong(event, f"vcpus are {[vcpu['id'] for vcpu in event['vcpus']]}, and not {claims.vcpus()}")
        for vcpu in event["vcpus"]:
            self.expect(event, self.vcpu(vcpu["id"], claims), vcpu, f"vCPU {vcpu['id']}: ")
        for sentence in [*event["not_known"], event["text"]]:
            self.say(event, claims, sentence, story=event)

    def check_paragraph(self, event, claims):
        """The summary, at the end, may know of more that was lost, and more of the kernel."""
        found = [text for text in self.paragraphs if text.startswith(f"VM {event['vm']}, ")]
        if len(found) != 1:
            self.wrong(event, f"it has {len(found)} paragraphs in the summary")
        elif found[0] != event["text"]:
            self.say(event, claims, found[0], story=event)

    def retries(self, queries, claims):
        if claims.reasons("ioctl"):
            return {}
        retries, unclear = [e for e in queries if e.retry], sum(e.unclear for e in queries)
        return {key: range(n - unclear, n + unclear + 1)
                for key, n in (("retries", len(retries)), ("recovered", sum(e.ret == 0 for e in retries)))}

    def vcpu(self, number, claims):
        requests, ran = claims.of("request", vcpu=number), claims.of("ran", vcpu=number)[-1:]
        failed = claims.of("run", vcpu=number)[:1]
        kept = requests if len(requests) <= 16 else requests[:8] + requests[-8:]
        failure = {**self.how_it_failed(failed[0]), "first_run": failed[0].first, "seq": self.by_line[id(failed[0])]["seq"],
                   **{key: value for key, value in self.obeyed(failed[0], claims).items() if key == "pvr"}} if failed else None
        return {"requests_total": len(requests), "requests": [
            {"pvr": hex32(e.pvr), "mode": mode_name(e.pvr), "errno": errno_name(e.ret), "cause": self.cause(e),
             "asked_by": e.by, "seq": self.by_line[id(e)]["seq"]} for e in kept], "first_failure": failure,
            "ran": {"pvr": hex_or_null(ran[0].shown), "mode": mode_name(ran[0].shown),
                    "seq": self.by_line[id(ran[0])]["seq"]} if ran else None}
