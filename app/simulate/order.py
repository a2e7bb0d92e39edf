"""From the options of `simulate` to an order."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import strict_json
from app.document import OPTIONS
from app.errors import SimulationError
from app.simulate.protect import protect
from app.simulate.worker import Order, simulation_key


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of `simulate` that say what is ordered."""

    prompt: str | None
    wallet: str | None
    request_file: Path | None
    protected_data: Path | None
    args: str
    secrets: Sequence[str]
    input_files: Sequence[Path]
    bulk: bool
    datasets: Sequence[Path]
    no_app_secret: bool


def order(wishes: Wishes, datasets: tuple[bytes, ...] = ()) -> Order:
    """Return the order, of `datasets` where the wishes name none.

    Raises `SimulationError` simulate.failed if two wishes exclude each other.
    """
    if wishes.datasets and not wishes.bulk:
        raise SimulationError("simulate.failed", "files are named without --bulk")
    named = {name: text for name, text in (("prompt", wishes.prompt), ("wallet", wishes.wallet)) if text is not None}
    if sum(map(bool, (named, wishes.request_file, wishes.protected_data, wishes.bulk))) > 1:
        raise SimulationError("simulate.failed", "give one of --prompt/--wallet, --file, --protected-data, --bulk")
    if wishes.request_file:
        named = strict_json.loads(wishes.request_file.read_bytes())
        if not isinstance(named, dict):
            raise SimulationError("simulate.failed", "--file must hold a JSON object")
        named = {name: _storable(value) for name, value in named.items()}
    single = [wishes.protected_data.read_bytes()] if wishes.protected_data else [protect(named)] if named else []
    return Order(
        datasets=tuple(path.read_bytes() for path in wishes.datasets) if wishes.bulk else tuple(single) or datasets,
        bulk=wishes.bulk,
        args=wishes.args,
        requester_secrets=dict(_secret(text) for text in wishes.secrets),
        input_files=tuple(wishes.input_files),
        app_secret=None if wishes.no_app_secret else os.environ.get("IEXEC_APP_DEVELOPER_SECRET") or simulation_key(),
    )


def _storable(value: Any) -> Any:
    """Return JSON text for what dataProtector refuses, lists above all: what its users do by hand."""
    return json.dumps(value) if isinstance(value, list) or (isinstance(value, dict) and not value.keys() <= OPTIONS) else value


def _secret(text: str) -> tuple[int, str]:
    number, equals, secret = text.partition("=")
    if not equals or not number.isdecimal() or int(number) < 1:
        raise SimulationError("simulate.failed", "--secret takes N=TEXT with N from 1")
    return int(number), secret
