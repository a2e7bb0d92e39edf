"""A good item of a bulk slice beside every hostile one, under the address space of the deployed enclave: the same bytes."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Sequence
from typing import Any

from bench.attack import places
from bench.attack.places import ROOT

_ITEMS = "tests.support.attack.hostile_items"


def campaign(minutes: float, names: Sequence[str] = ()) -> dict[str, Any]:
    """Go on with the kinds of hostile items for so many minutes; return the figures of all campaigns so far.

    Raises `SystemExit` where there are no hostile items.
    """
    if importlib.util.find_spec("tests.support.attack") is None or importlib.util.find_spec(_ITEMS) is None:
        raise SystemExit(f"isolation: there is no {_ITEMS}")
    items = importlib.import_module(_ITEMS)
    state = places.load("isolation")
    source = places.sha256_of(*sorted((ROOT / "app").rglob("*.py")))
    if state.get("source") != source:
        state = {"source": source, "kinds": {}}
    until = time.monotonic() + 60 * minutes
    for kind in names or items.KINDS:
        if kind in state["kinds"] or time.monotonic() > until:
            continue
        (found,) = items.isolation([kind])
        state["kinds"][kind] = bool(found.identical)
        if not found.identical:
            print(f"isolation: beside {kind} a good item differs: {found}", flush=True)
        places.save("isolation", state)
        print(f"isolation: {len(state['kinds'])} of {len(items.KINDS)} kinds", flush=True)
    return state
