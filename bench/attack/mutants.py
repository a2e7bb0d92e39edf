"""Mutation testing: each mutant of the modules that decide what is believed must fail a test.

mutmut's operators make the mutants; they run in forked children of one pytest that has collected and imported everything: a
function there gets other code, a constant another value, and then run only the tests that reach the changed function, or
module, quickest first, up to the first failure. What can only change with an import, a class's body, gets a fresh one. A
child has a budget of processor time, no more wall time than ten times that, and 4 GiB. A mutant that survives must stand in
tests/attack/survivors.toml with the reason.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import selectors
import signal
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.attack import mutant, places
from bench.attack.places import KEPT, ROOT

GROUPS: dict[str, tuple[str, ...]] = {
    "protected_data": ("app/formats/protected_data.py", "app/formats/zip_layout.py"),
    "report": ("app/result/report.py", "app/result/envelope.py"),
    "signing": (
        "app/crypto/signing.py",
        "app/result/score_signatures.py",
        "app/crypto/score_statement.py",
        "app/crypto/evm_score.py",
        "app/crypto/sui.py",
    ),
    "verify": ("app/verify/verifier.py",),
    "readers": tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "app/wallet/read").glob("[!_]*.py"))),
}
_UNIT, _EXACT, _EDGES = "tests/unit/test_", "tests/attack/test_exact.py", "tests/attack/test_exact_signing.py"
TESTS: dict[str, tuple[str, ...]] = {
    "protected_data": (
        *(f"{_UNIT}protected_data.py", _EXACT, "tests/attack/test_exact_archives.py"),
        "tests/property/test_official_sdk.py",
    ),
    "report": (
        *(f"{_UNIT}{name}.py" for name in ("vectors", "verify", "sui", "slices")),
        *(_EXACT, _EDGES),
        "tests/property/test_clean_room.py",
    ),
    "signing": (*(f"{_UNIT}{name}.py" for name in ("signing", "verify", "sui", "score_origin", "vectors")), _EXACT, _EDGES),
    "verify": (f"{_UNIT}verify.py", f"{_UNIT}vectors.py", _EXACT, _EDGES, "tests/property/test_clean_room.py"),
    "readers": (
        *(f"{_UNIT}history_{name}.py" for name in ("exact", "evidence", "bad", "foreign", "rules", "csv", "sources")),
        *("tests/attack/test_readings.py", f"{_UNIT}inputs_matrix.py"),
    ),
}
SURVIVORS = KEPT / "survivors.toml"
_BYTES = 4 * 2**30
_CONTROLS = 60  # tests that an unchanged module must pass, imported anew
_SAVES = 20.0  # seconds between two
_LIVED, _DIED, _BROKEN, _ELSEWHERE = 0, 1, 3, 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    outcome: str
    """killed, timeout, survived, same or wording."""
    function: str
    was: str
    now: str
    killer: str = ""
    """The test that failed, where it ran in a process that had imported everything."""


@dataclass(slots=True)
class _Child:
    group: str
    module: str
    number: int
    cold: bool
    ends: float
    said: bytearray = field(default_factory=bytearray)


Job = tuple[str, str, int]  # group, module, number of the mutant
Take = Callable[[str, int, Verdict], None]


class Runner:
    """The plugin of the one pytest: in the place of running the tests it runs the mutants."""

    def __init__(self, wanted: Sequence[Job], until: float, take: Take, killers: Mapping[Job, str] | None = None) -> None:
        """Take the mutants as group, module and number, when to stop, and where a verdict goes.

        With `killers` each is run against that one test alone, and passed over where there is no such test.
        """
        self.wanted, self.until, self.take, self.killers = wanted, until, take, killers
        self.seconds: list[float] = []
        self.reach: dict[tuple[str, str], list[int]] = {}
        self.cold: set[Job] = set()
        self.places: dict[str, int] = {}
        self.kills: Counter[tuple[str, str, int]] = Counter()  # by module, function ("" is all of it) and test
        self.trouble = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out which test reaches which function, then run the mutants."""
        self.places = {item.nodeid: at for at, item in enumerate(session.items)}
        if self.killers is not None:
            self.wanted = [job for job in self.wanted if self.killers[job] in self.places]
            self.seconds = [1.0] * len(session.items)
            self._all(session, mutant.functions([module for _, module, _ in self.wanted]))
            return True
        modules = sorted({module for group in {group for group, _, _ in self.wanted} for module in GROUPS[group]})
        kept, sha = places.load("reach"), places.sha256_of(*(ROOT / name for name in (*modules, *_files(self.wanted))))
        told = kept if kept.get("sha256") == sha else self._measure(session, modules) | {"sha256": sha}
        self.trouble = str(told.get("failed", "the tests did not end"))
        if not self.trouble:
            places.save("reach", told)
            for number, (seconds, reached) in enumerate(told["items"]):
                self.seconds.append(seconds)
                for module, function in reached:
                    self.reach.setdefault((module, function), []).append(number)
        known = mutant.functions(modules)
        gc.collect()
        gc.freeze()  # a child that collects garbage would copy every page; what is frozen is not found by it any more
        if not self.trouble:
            self._all(session, known)
        return True

    def _measure(self, session: pytest.Session, modules: Sequence[str]) -> dict[str, Any]:
        """Run every test once in a child. Return seconds and reached functions of each, and which failed without any mutant."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _quiet()
            with os.fdopen(writing, "w") as stream:
                json.dump(_measured(session, modules), stream)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as stream:
            told: dict[str, Any] = json.loads(stream.read() or "{}")
        os.waitpid(child, 0)
        return told

    def _all(self, session: pytest.Session, known: mutant.Functions) -> None:
        waiting, again = iter(self.wanted), list[Job]()
        running: dict[int, _Child] = {}
        selector = selectors.DefaultSelector()
        while True:
            while len(running) < (os.cpu_count() or 1) and time.monotonic() < self.until:
                job = again.pop() if again else next(waiting, None)
                if job is None:
                    break
                cold = job in self.cold or (job[2] == mutant.UNCHANGED and self.killers is None)
                pid, reading, child = self._start(session, known, job, cold=cold)
                running[pid] = child
                selector.register(reading, selectors.EVENT_READ, pid)
            if not running:
                return
            for key, _ in selector.select(1):
                pid, child = key.data, running[key.data]
                if block := os.read(int(key.fd), 65536):
                    child.said += block
                    continue
                selector.unregister(key.fd)
                os.close(int(key.fd))
                _, status = os.waitpid(pid, 0)
                del running[pid]
                verdict = _verdict(child, status)
                job = (child.group, child.module, child.number)
                if verdict is None or (verdict.outcome == "survived" and not child.cold and self.killers is None):
                    self.cold.add(job)  # what was made of a function at import may still be what it was
                    again.append(job)
                else:
                    self._note(child.module, verdict)
                    self.take(child.module, child.number, verdict)
            for pid, child in running.items():
                if time.monotonic() > child.ends:
                    os.kill(pid, signal.SIGKILL)

    def _note(self, module: str, verdict: Verdict) -> None:
        if (killer := self.places.get(verdict.killer)) is not None:
            self.kills.update({(module, verdict.function, killer), (module, "", killer)})

    def _start(self, session: pytest.Session, known: mutant.Functions, job: Job, *, cold: bool) -> tuple[int, int, _Child]:
        group, module, number = job
        reading, writing = os.pipe()
        if self.killers is None:
            tests = self._tests(session, group, module, mutant.function_of(module, number))
        else:
            tests = [self.places[self.killers[job]]]
        files = list(dict.fromkeys(str(session.items[at].path) for at in tests))
        tests = tests[:_CONTROLS] if number == mutant.UNCHANGED else tests
        names = [session.items[at].nodeid for at in tests]
        budget = 4 * sum(self.seconds[at] for at in tests) + 10
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _limit(budget)
            _quiet()
            code = _BROKEN
            try:
                one = mutant.mutant(module, number)
                os.write(writing, json.dumps([one.made, one.function, one.was, one.now]).encode() + b"\n")
                code = _LIVED
                if one.made == "mutant" and cold:
                    code = _cold(one, files, names)
                elif one.made == "mutant":
                    killer = _hot(one, known, [session.items[at] for at in tests])
                    os.write(writing, (killer or "").encode())
                    code = _DIED if killer else _LIVED if killer == "" else _ELSEWHERE
            finally:
                os._exit(code)
        os.close(writing)
        return pid, reading, _Child(group, module, number, cold, time.monotonic() + 10 * budget)

    def _tests(self, session: pytest.Session, group: str, module: str, function: str) -> list[int]:
        """Return the group's tests that reach the function, or where a module is meant any in it.

        First come those that killed most mutants of the function and of the module so far, then the quickest.
        """
        files = {str(ROOT / name) for name in TESTS[group]}
        names = [key for key in self.reach if key[0] == module and function in ("", key[1])]
        found = {number for key in names for number in self.reach[key]} or (() if function else range(len(session.items)))
        own = [number for number in found if str(session.items[number].path) in files]
        kills = self.kills
        return sorted(own, key=lambda at: (-kills[module, function, at], -kills[module, "", at], self.seconds[at]))


class _Only:
    """The plugin of a pytest that imports anew: the named tests alone, in their order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.places = {name: at for at, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.places), key=lambda item: self.places[item.nodeid])


def _verdict(child: _Child, status: int) -> Verdict | None:
    """Return the verdict of a child that ended, None if a fresh import must decide."""
    head, _, killer = child.said.decode(errors="replace").partition("\n")
    made, function, was, now = json.loads(head) if head else ("mutant", "", "", "")
    code = os.waitstatus_to_exitcode(status)
    if code == _BROKEN:
        raise SystemExit(f"mutant {child.number} of {child.module} could not be made or run")
    if code < 0:
        outcome = "timeout" if -code in (signal.SIGXCPU, signal.SIGKILL) else "killed"
    elif made != "mutant":
        outcome = made
    elif code == _ELSEWHERE:
        return None
    else:
        outcome = "survived" if code == _LIVED else "killed"
    return Verdict(outcome, function, was, now, killer)


def _hot(one: mutant.Mutant, known: mutant.Functions, items: list[pytest.Item]) -> str | None:
    """Return the first test that fails with the mutant in the loaded module, "" if none does, None if it cannot be there."""
    try:
        if not (mutant.swap(one, known) if one.function else mutant.rebind(one)):
            return None
    except SyntaxError:
        return "the compiler"
    except Exception:  # noqa: BLE001  whatever the module does now when it is imported
        return "an import"
    try:
        return next(_failures(items), "")
    except BaseException:  # noqa: BLE001  an exit or an interrupt out of the mutant: pytest lets it pass
        return "an exit"


def _failures(items: Sequence[pytest.Item]) -> Iterator[str]:
    from _pytest.runner import runtestprotocol

    for at, item in enumerate(items):
        following = items[at + 1] if at + 1 < len(items) else None
        reports = runtestprotocol(item, log=False, nextitem=following)
        if any(report.failed for report in reports):
            yield item.nodeid


def _cold(one: mutant.Mutant, files: Sequence[str], names: Sequence[str]) -> int:
    """Return whether one of the named tests fails with a fresh import. What no test reaches lives."""
    mutant.install(one)
    try:
        code = pytest.main([*_PYTEST, "-x", *files], plugins=[_Only(names)]) if names else pytest.ExitCode.OK
    except BaseException:  # noqa: BLE001  an exit or an interrupt, as above
        return _DIED
    return _LIVED if code == pytest.ExitCode.OK else _DIED


def _measured(session: pytest.Session, modules: Sequence[str]) -> dict[str, Any]:
    paths = {str(ROOT / module): module for module in modules}
    items: list[tuple[float, list[tuple[str, str]]]] = []
    failed = ""
    for item in session.items:
        reached: set[tuple[str, str]] = set()

        def see(frame: Any, _: str, __: object, reached: set[tuple[str, str]] = reached) -> None:
            if frame.f_code.co_filename in paths:
                name = frame.f_code.co_qualname.partition(".<locals>")[0].rpartition(".")[2]
                reached.add((paths[frame.f_code.co_filename], name))

        began = time.process_time()
        sys.settrace(see)
        failed = failed or next(_failures([item]), "")
        sys.settrace(None)
        items.append((time.process_time() - began, sorted(reached)))
    return {"items": items, "failed": failed}


def _limit(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _quiet() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)


_PYTEST = (
    *("-q", "-p", "no:cacheprovider", "--no-header", "--no-summary", "-o", "addopts=", f"--rootdir={ROOT}"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # hypothesis is loaded already
)


def judge(wanted: Sequence[Job], until: float, take: Take, killers: Mapping[Job, str] | None = None) -> None:
    """Run the mutants, with `killers` each against that test alone.

    A test that fails without any mutant ends it with `SystemExit`.
    """
    import hypothesis

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("attack", phases=phases, derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("attack")
    for _, module, _ in wanted:
        mutant.count(module)  # parsed once, before any fork
    unchanged = [(group, GROUPS[group][0], mutant.UNCHANGED) for group in dict.fromkeys(group for group, _, _ in wanted)]
    if killers is None:
        runner, files = Runner([*unchanged, *wanted], until, _checked(take)), _files(wanted)
    else:
        runner, files = Runner(wanted, until, take, killers), sorted({name.partition("::")[0] for name in killers.values()})
    code = pytest.main([*_PYTEST, *(str(ROOT / name) for name in files)], plugins=[runner])
    if runner.trouble or code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"without any mutant: {runner.trouble or code}")


def _files(wanted: Sequence[Job]) -> list[str]:
    groups = {group for group, _, _ in wanted}
    return sorted({name for group in groups for name in TESTS[group]})


def _checked(take: Take) -> Take:
    """Return `take` for mutants alone: a module that is not changed at all must live, or no verdict says anything."""

    def checked(module: str, number: int, verdict: Verdict) -> None:
        if number != mutant.UNCHANGED:
            take(module, number, verdict)
        elif verdict.outcome != "survived":
            raise SystemExit(f"{module}, which is not changed, was {verdict.outcome}")

    return checked


def every() -> list[Job]:
    """Return all mutants there are, as group, module and number."""
    return [
        (group, module, number)
        for group, modules in GROUPS.items()
        for module in modules
        for number in range(mutant.count(module))
    ]


def explained() -> dict[tuple[str, str, str, str], str]:
    """Return the survivors that are explained: their key, and why they live."""
    rows = tomllib.loads(SURVIVORS.read_text())["survivor"] if SURVIVORS.exists() else []
    return {(row["module"], row["function"], row["was"], row["now"]): row["why"] for row in rows}


def campaign(minutes: float, groups: Sequence[str] = ()) -> dict[str, Any]:
    """Go on with the mutants for so many minutes; return the figures of all that were judged so far."""
    state = places.load("mutants")
    tests = {group: places.sha256_of(*(ROOT / name for name in files)) for group, files in TESTS.items()}
    known, lived = explained(), set[tuple[str, int]]()
    for group, modules in GROUPS.items():
        for module in modules:
            kept, sha = state.get(module, {}), places.sha256_of(ROOT / module)
            done = kept.get("verdicts", {}) if kept.get("sha256") == sha else {}
            if kept.get("tests") != tests[group]:  # those that lived without a reason are judged anew, and first
                again = {at for at, said in done.items() if said[0] == "survived" and (module, *said[1:4]) not in known}
                lived |= {(module, int(at)) for at in again}
                done = {at: said for at, said in done.items() if at not in again}
            state[module] = {"sha256": sha, "tests": tests[group], "verdicts": done}
    wanted = [job for job in every() if (not groups or job[0] in groups) and str(job[2]) not in state[job[1]]["verdicts"]]
    random.Random(0).shuffle(wanted)
    wanted.sort(key=lambda job: job[1:] not in lived)
    seen, saved = 0, time.monotonic()

    def take(module: str, number: int, verdict: Verdict) -> None:
        nonlocal seen, saved
        told = [verdict.outcome, verdict.function, verdict.was, verdict.now, verdict.killer]
        state[module]["verdicts"][str(number)] = told
        seen += 1
        if time.monotonic() > saved + _SAVES:
            saved = time.monotonic()
            places.save("mutants", state)
            print(f"mutants: {seen} of {len(wanted)} to do", flush=True)

    if wanted:
        judge(wanted, time.monotonic() + 60 * minutes, take)
    places.save("mutants", state)
    from bench.attack import sample

    sample.write()
    return state


if __name__ == "__main__":
    campaign(float(sys.argv[1]), sys.argv[2:])
