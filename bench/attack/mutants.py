"""Mutation testing: each mutant of the modules that decide what is believed must fail a test.

mutmut's operators make the mutants; they run in forked children of one pytest that has collected and imported everything,
each only the tests that reach the changed function, quickest first, up to the first failure. What survives that, and what
changes an import, runs all tests of its group against a fresh import. A child has a budget of processor time, no more wall
time than ten times that, and 4 GiB. A mutant that survives must stand in tests/attack/survivors.toml with the reason.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.attack import mutant, places
from bench.attack.places import KEPT, ROOT

GROUPS: dict[str, tuple[str, ...]] = {
    "protected_data": ("app/iexec/protected_data.py", "app/iexec/zip_layout.py"),
    "report": ("app/report.py", "app/sealing.py"),
    "signing": ("app/signing.py",),
    "verify": ("app/verify.py",),
    "readers": tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "app/wallet/readers").glob("*.py"))),
}
_UNIT = "tests/unit/test_"
TESTS: dict[str, tuple[str, ...]] = {
    "protected_data": (f"{_UNIT}protected_data.py", "tests/property/test_official_sdk.py"),
    "report": (f"{_UNIT}vectors.py", f"{_UNIT}verify.py", f"{_UNIT}sui.py", "tests/property/test_clean_room.py"),
    "signing": (f"{_UNIT}signing.py", f"{_UNIT}verify.py", f"{_UNIT}sui.py", f"{_UNIT}vectors.py"),
    "verify": (f"{_UNIT}verify.py", f"{_UNIT}vectors.py", "tests/property/test_clean_room.py"),
    "readers": tuple(
        f"{_UNIT}{name}.py"
        for name in (
            "history_evidence",
            "history_bad",
            "history_foreign",
            "history_rules",
            "history_csv",
            "history_sources",
            "inputs_matrix",
        )
    ),
}
SURVIVORS = KEPT / "survivors.toml"
_BYTES = 4 * 2**30
_LIVED, _DIED, _FAILED = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    outcome: str
    """killed, timeout, survived, same or wording."""
    function: str
    was: str
    now: str


@dataclass(slots=True)
class _Child:
    group: str
    module: str
    number: int
    cold: bool
    ends: float
    said: bytearray = field(default_factory=bytearray)


class Runner:
    """The plugin of the one pytest: in the place of running the tests it runs the mutants."""

    def __init__(self, wanted: Sequence[tuple[str, str, int]], until: float, take: Callable[[str, int, Verdict], None]) -> None:
        """Take the mutants as group, module and number, when to stop, and where a verdict goes."""
        self.wanted, self.until, self.take = wanted, until, take
        self.seconds: list[float] = []
        self.reach: dict[tuple[str, str], list[int]] = {}
        self.trouble = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out which test reaches which function, then run the mutants."""
        modules = tuple(dict.fromkeys(module for _, module, _ in self.wanted))
        began = time.monotonic()
        self.trouble = self._measure(session, modules)
        print('measured', time.monotonic()-began, len(self.seconds), sum(self.seconds),file=sys.stderr)
        gc.collect()
        gc.freeze()  # a child that collects garbage would copy every page
        if not self.trouble:
            self._all(session, mutant.functions(modules))
        return True

    def _measure(self, session: pytest.Session, modules: Sequence[str]) -> str:
        """Run every test once in a child. Return what is wrong, if a test fails without any mutant."""
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
            told = json.loads(stream.read() or "{}")
        os.waitpid(child, 0)
        if not told:
            return "the tests did not end"
        self.seconds = [seconds for seconds, _ in told["items"]]
        for number, (_, reached) in enumerate(told["items"]):
            for module, function in reached:
                self.reach.setdefault((module, function), []).append(number)
        return str(told["failed"])

    def _all(self, session: pytest.Session, known: mutant.Functions) -> None:
        waiting, again = iter(self.wanted), list[tuple[str, str, int]]()
        running: dict[int, _Child] = {}
        selector = selectors.DefaultSelector()
        while True:
            while len(running) < (os.cpu_count() or 1) and time.monotonic() < self.until:
                job = again.pop() if again else next(waiting, None)
                if job is None:
                    break
                cold = job in self.cold or not mutant.function_of(job[1], job[2])
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
                if verdict is None:
                    self.cold.add(job)
                    again.append(job)
                else:
                    self.take(child.module, child.number, verdict)
            for pid, child in running.items():
                if time.monotonic() > child.ends:
                    os.kill(pid, signal.SIGKILL)

    @property
    def cold(self) -> set[tuple[str, str, int]]:
        """Return the mutants that need a fresh import."""
        return self._cold

    _cold: set[tuple[str, str, int]] = set()  # noqa: RUF012  one runner a process

    def _start(
        self, session: pytest.Session, known: mutant.Functions, job: tuple[str, str, int], *, cold: bool
    ) -> tuple[int, int, _Child]:
        group, module, number = job
        reading, writing = os.pipe()
        chosen = [] if cold else self._chosen(module, mutant.function_of(module, number))
        files = {str(ROOT / name) for name in TESTS[group]}
        tests = [number for number, item in enumerate(session.items) if str(item.path) in files] if cold else chosen
        budget = 4 * sum(self.seconds[number] for number in tests) + 10
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _limit(budget)
            _quiet()
            code = _FAILED
            try:
                one = mutant.mutant(module, number)
                os.write(writing, json.dumps([one.made, one.function, one.was, one.now]).encode())
                os.close(writing)
                writing = -1
                if one.made != "mutant":
                    code = _LIVED
                elif cold:
                    code = _cold(one, TESTS[group])
                else:
                    code = _hot(one, known, [session.items[number] for number in tests])
            except BaseException:  # noqa: BLE001  whatever a mutant does, its child ends here
                code = _DIED
            finally:
                os._exit(code)
        os.close(writing)
        return pid, reading, _Child(group, module, number, cold, time.monotonic() + 10 * budget)

    def _chosen(self, module: str, function: str) -> list[int]:
        found = {number for (place, name), numbers in self.reach.items() if place == module and name == function for number in numbers}
        return sorted(found, key=lambda number: self.seconds[number])


def _verdict(child: _Child, status: int) -> Verdict | None:
    """Return the verdict of a child that ended, None if a fresh import must decide."""
    made, function, was, now = json.loads(child.said) if child.said else ("mutant", "", "", "")
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        outcome = "timeout" if -code in (signal.SIGXCPU, signal.SIGKILL) else "killed"
    elif made != "mutant":
        outcome = made
    elif code == _LIVED and not child.cold:
        return None
    else:
        outcome = "survived" if code == _LIVED else "killed"
    return Verdict(outcome, function, was, now)


def _hot(one: mutant.Mutant, known: mutant.Functions, items: list[pytest.Item]) -> int:
    """Return whether one of the tests fails with the function swapped; `_LIVED` also where that cannot tell."""
    if not items or not mutant.swap(one, known):
        return _LIVED
    return _DIED if next(_failures(items), None) else _LIVED


def _failures(items: Sequence[pytest.Item]) -> Iterator[str]:
    from _pytest.runner import runtestprotocol

    for at, item in enumerate(items):
        following = items[at + 1] if at + 1 < len(items) else None
        reports = runtestprotocol(item, log=False, nextitem=following)
        if any(report.failed for report in reports):
            yield item.nodeid


def _cold(one: mutant.Mutant, files: Sequence[str]) -> int:
    mutant.install(one)
    code = pytest.main([*_PYTEST, "-x", *(str(ROOT / name) for name in files)])
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


def test(wanted: Sequence[tuple[str, str, int]], until: float, take: Callable[[str, int, Verdict], None]) -> None:
    """Run the mutants. A test that fails without any mutant ends it with `SystemExit`."""
    import hypothesis

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("attack", phases=phases, derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("attack")
    for _, module, _ in wanted:
        mutant.count(module)  # parsed once, before any fork
    runner = Runner(wanted, until, take)
    files = dict.fromkeys(name for group, _, _ in wanted for name in TESTS[group])
    code = pytest.main([*_PYTEST, *(str(ROOT / name) for name in files)], plugins=[runner])
    if runner.trouble or code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"without any mutant: {runner.trouble or code}")


def every() -> list[tuple[str, str, int]]:
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
    for group, modules in GROUPS.items():
        for module in modules:
            kept, sha = state.get(module, {}), places.sha256_of(ROOT / module)
            done = kept.get("verdicts", {}) if kept.get("sha256") == sha else {}
            if kept.get("tests") != tests[group]:
                done = {number: said for number, said in done.items() if said[0] != "survived"}
            state[module] = {"sha256": sha, "tests": tests[group], "verdicts": done}
    wanted = [job for job in every() if (not groups or job[0] in groups) and str(job[2]) not in state[job[1]]["verdicts"]]
    random.Random(0).shuffle(wanted)
    seen = 0

    def take(module: str, number: int, verdict: Verdict) -> None:
        nonlocal seen
        state[module]["verdicts"][str(number)] = [verdict.outcome, verdict.function, verdict.was, verdict.now]
        seen += 1
        if seen % 50 == 0:
            places.save("mutants", state)
            print(f"mutants: {seen} of {len(wanted)} to do", flush=True)

    if wanted:
        test(wanted, time.monotonic() + 60 * minutes, take)
    places.save("mutants", state)
    return state


if __name__ == "__main__":
    campaign(float(sys.argv[1]), sys.argv[2:])
