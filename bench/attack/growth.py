"""A search for repetitions whose time grows faster than they do: twice the input may take about twice the time.

A repetition is what stands before, a unit, what stands after. Units are words of a format, and elements, texts, keys and
lines of real documents, the same ones over and over or numbered. The time is the processor's, the least of three, at an
eighth, a quarter, a half and all of the bytes that a target may be given. One that grows by more than 2.5 at the last two
doublings and takes longer than a quarter of a second is written to tests/attack/growth.jsonl, which `make test` runs.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.attack import places
from bench.attack.places import KEPT
from bench.attack.targets import CANARY, TARGETS, attempt

KNOWN = KEPT / "growth.jsonl"
_MARK, _COUNT = "\ue000", "\ue001"  # where a repetition stands, and the number of the unit in it
_RATIO, _SLOW, _QUICK = (
    2.5,
    0.25,
    0.004,
)  # of two doublings; seconds at all bytes; seconds at a quarter that need no second look
_SECONDS = 60  # of one repetition
# Bytes: as much as can come there, or enough to see how it grows.
_LIMITS = {"prompt": 2**14, "names": 2**14, "key": 2**16, "url": 2**16, "args": 2**17, "verdict": 2**16, "task": 2**17}
_ALL = 2**19


@dataclass(frozen=True, slots=True)
class Repetition:
    """An input of any size."""

    target: str
    before: str
    unit: str
    after: str

    def made(self, size: int) -> bytes:
        """Return it with as many units as make about `size` bytes."""
        count = max(1, size // max(1, len(self.unit.replace(_COUNT, "0" * 8).encode(errors="surrogateescape"))))
        if _COUNT in self.unit:
            middle = "".join(self.unit.replace(_COUNT, f"{number:08x}") for number in range(count))
        else:
            middle = self.unit * count
        # the comma of the last unit would make a list of JSON none
        middle = middle.removesuffix(",") if self.unit.endswith(",") and self.after[:1] in ("]", "}") else middle
        return (self.before + middle + self.after).encode(errors="surrogateescape")


def limit(target: str) -> int:
    """Return how many bytes of a repetition a target is given."""
    return _LIMITS.get(target, _ALL)


def seconds(one: Repetition, size: int, times: int = 1) -> float:
    """Return the processor time that the target needs for it, the least of some."""
    data = one.made(size)
    found = []
    for _ in range(times):
        began = time.process_time()
        attempt(one.target, data)
        found.append(time.process_time() - began)
    return min(found)


def judge(one: Repetition) -> list[float] | None:
    """Return the seconds at an eighth, a quarter, a half and all of the bytes if they grow too fast, else None."""
    whole = limit(one.target)
    if seconds(one, whole // 4) < _QUICK:
        return None
    steps = [seconds(one, whole // part, 3) for part in (8, 4, 2)]
    if steps[2] < _RATIO * steps[1] and steps[2] < _SLOW:
        return None
    steps.append(seconds(one, whole, 1))
    if steps[3] > _RATIO * steps[2]:
        steps[3] = min(steps[3], seconds(one, whole, 2))
    grows = steps[3] > _RATIO * steps[2] and steps[2] > (_RATIO - 0.2) * steps[1]
    return steps if grows and steps[3] > _SLOW else None


def candidates(target: str, rng: random.Random) -> Iterator[Repetition]:
    """Yield repetitions without end, none twice."""
    seeds = [seed.decode(errors="surrogateescape") for seed in TARGETS[target].seeds()]
    seen: set[Repetition] = set()
    while True:
        seed = rng.choice(seeds)
        ways = [_of_words] if rng.random() < 0.4 else [_of_words, _of_lines, _of_json]
        one = rng.choice(ways)(target, seed, rng)
        if one is not None and one.unit and one not in seen:
            seen.add(one)
            yield one


def _of_words(target: str, seed: str, rng: random.Random) -> Repetition:
    """Repeat words of the format at the beginning, at the end, or anywhere in a good input, or all alone."""
    words = TARGETS[target].tokens
    unit = "".join(rng.choice(words) for _ in range(rng.choice((1, 1, 2, 2, 3, 4))))
    if rng.random() < 0.5:
        few = ["".join(rng.choice(words) for _ in range(rng.randrange(3))) for _ in range(2)]
        return Repetition(target, few[0], unit, few[1])
    at = rng.choice((0, len(seed), *(found.start() for found in re.finditer(r"\b|(?<=[\[{,\"])", seed))))
    return Repetition(target, seed[:at], unit, seed[at:])


def _of_lines(target: str, seed: str, rng: random.Random) -> Repetition | None:
    lines = seed.splitlines(keepends=True)
    if len(lines) < 2:
        return None
    at = rng.randrange(len(lines))
    return Repetition(target, "".join(lines[:at]), _numbered(lines[at], rng), "".join(lines[at + 1 :]))


def _of_json(target: str, seed: str, rng: random.Random) -> Repetition | None:
    """Repeat an element of a list, a name of an object, or a word in a text of a document."""
    try:
        document = json.loads(seed)
    except ValueError:
        return None
    holder: Any = {"": document}
    path = list(_paths(holder))
    if not path:
        return None
    inside, name = rng.choice(path)
    value = inside[name]
    if isinstance(value, list) and value:
        unit = json.dumps(rng.choice(value), separators=(",", ":")) + ","
        inside[name] = [_MARK]
        mark = f'"{_MARK}"'
    elif isinstance(value, dict) and value:
        key, child = rng.choice(list(value.items()))
        unit = f'"{key}{_COUNT}":{json.dumps(child, separators=(",", ":"))},'
        inside[name] = {_MARK: 0}
        mark = f'"{_MARK}":0'
    else:
        words = (CANARY, " ", "a", "1", "-", ".", ",", ";", "(", "\\n", "\\t", "/", "|", "é", "0x", "[", '\\"', "{")
        unit = "".join(rng.choice(words) for _ in range(rng.randint(1, 3)))
        inside[name] = _MARK
        mark = _MARK
    text = json.dumps(holder[""], separators=(",", ":"), ensure_ascii=False)
    before, found, after = text.partition(mark)
    return Repetition(target, before, _numbered(unit, rng), after) if found else None


def _paths(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in list(pairs):
        yield value, name
        yield from _paths(child)


def _numbered(unit: str, rng: random.Random) -> str:
    """Put the number of the unit into some of its hashes and addresses, or into none."""
    chance = rng.choice((0.0, 0.0, 0.3, 1.0))
    return re.sub(r"[0-9a-f]{8}(?=[\"',;\s])", lambda found: _COUNT if rng.random() < chance else found[0], unit)


def known() -> list[Repetition]:
    """Return the repetitions that once took too long."""
    return [Repetition(**json.loads(line)) for line in KNOWN.read_text().splitlines()] if KNOWN.exists() else []


def search(target: str, until: float, seed: int) -> tuple[int, list[tuple[Repetition, list[float]]]]:
    """Return how many repetitions were tried until then, and those that grow too fast; one that does not end is one."""
    tried, found, rng = 0, list[tuple[Repetition, list[float]]](), random.Random(seed)
    waiting = candidates(target, rng)
    while time.monotonic() < until:
        batch = [next(waiting) for _ in range(50)]
        while batch and time.monotonic() < until:
            done, steps = _in_child(batch, until)
            tried += done
            if steps is not None:
                found.append((batch[done - 1], steps))
            batch = batch[done:]
            if len(found) >= 8:
                return tried, found  # one fault has many faces
    return tried, found


def _in_child(batch: Sequence[Repetition], until: float) -> tuple[int, list[float] | None]:
    """Judge in a child until one grows too fast; return how many were judged, and the seconds of the last if it does."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
        code = 1
        try:
            for one in batch:
                now = int(time.process_time())
                resource.setrlimit(resource.RLIMIT_CPU, (now + _SECONDS, resource.RLIM_INFINITY))
                steps = judge(one)
                os.write(writing, (json.dumps(steps) + "\n").encode())
                if steps is not None or time.monotonic() > until:
                    break
            code = 0
        except Exception as err:  # noqa: BLE001  it is told to the parent
            os.write(writing, (json.dumps(f"{type(err).__name__}: {err}") + "\n").encode())
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as stream:
        lines = [json.loads(line) for line in stream]
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return len(lines) + 1, [float(_SECONDS)]
    if code:
        raise SystemExit(f"growth: {batch[len(lines) - 1]} ended with {code}: {lines[-1] if lines else ''}")
    return len(lines), lines[-1] if lines else None


def campaign(minutes: float, names: Sequence[str] = ()) -> dict[str, Any]:
    """Search in every target for so many minutes in all; return the figures of all campaigns so far."""
    state = places.load("growth")
    wanted = list(names or TARGETS)
    for name in wanted:
        kept = state.setdefault(name, {"tried": 0, "rounds": 0})
        tried, found = search(name, time.monotonic() + 60 * minutes / len(wanted), kept["rounds"])
        kept["tried"] += tried
        kept["rounds"] += 1
        for one, steps in found:
            if one not in known():
                with KNOWN.open("a") as stream:
                    stream.write(json.dumps(asdict(one)) + "\n")
            print(f"growth: {one} takes {', '.join(f'{step:.2f}' for step in steps)} s", flush=True)
        places.save("growth", state)
        print(f"growth: {name}: {kept['tried']} repetitions", flush=True)
    return state
