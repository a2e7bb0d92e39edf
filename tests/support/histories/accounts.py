"""Labelled accounts made up, in the columns of the set by Farrugia et al. 2020 (Kaggle's transaction_dataset.csv).

The set itself is not ours to ship. These accounts differ in what the published ones differ in, by far and with much noise:
a fraudulent one lives a short while, takes from many and sends little; a legitimate one lives long and pays its own way.
"""

from __future__ import annotations

import csv
import io
from random import Random

COLUMNS = (  # as they are spelled there, stray spaces and all; between them stand others, which nobody reads
    "",
    "Index",
    "Address",
    "FLAG",
    "Avg min between sent tnx",
    "Avg min between received tnx",
    "Time Diff between first and last (Mins)",
    "Sent tnx",
    "Received Tnx",
    "Number of Created Contracts",
    "Unique Received From Addresses",
    "Unique Sent To Addresses",
    "max value received ",
    "total transactions (including tnx to create contract",
    "total Ether sent",
    "total ether received",
    " Total ERC20 tnxs",
    " ERC20 total Ether received",
)


def made_up(rng: Random, count: int) -> str:
    """Return `count` accounts as a CSV file's text, three legitimate ones for each fraudulent one."""
    out = io.StringIO()
    rows = csv.DictWriter(out, COLUMNS)
    rows.writeheader()
    for index in range(count):
        rows.writerow(_account(rng, index, fraud=index % 4 == 3))
    return out.getvalue()


def _account(rng: Random, index: int, *, fraud: bool) -> dict[str, object]:
    span = int(rng.lognormvariate(10.0 if fraud else 12.0, 1.4))
    received = 1 + int(rng.lognormvariate(2.8 if fraud else 2.4, 1.2))
    sent = int(rng.lognormvariate(0.7 if fraud else 2.3, 1.2))
    senders = max(1, min(received, int(received * rng.betavariate(6, 2) if fraud else received * rng.betavariate(2, 4))))
    created = int(not fraud and rng.random() < 0.1)
    ether = rng.lognormvariate(0.5, 2)
    return {
        "": index,
        "Index": index + 1,
        "Address": f"0x{rng.getrandbits(160):040X}" if index % 5 else f" 0x{rng.getrandbits(160):040x}",
        "FLAG": int(fraud),
        "Avg min between sent tnx": round(span / max(1, sent), 2),
        "Avg min between received tnx": round(span / received, 2),
        "Time Diff between first and last (Mins)": round(span + rng.random(), 2),
        "Sent tnx": sent,
        "Received Tnx": received,
        "Number of Created Contracts": created,
        "Unique Received From Addresses": senders,
        "Unique Sent To Addresses": min(sent, 1 + int(rng.expovariate(0.3))),
        "max value received ": ether * rng.uniform(0.1, 1),
        "total transactions (including tnx to create contract": sent + received + created,
        "total Ether sent": ether * rng.random(),
        "total ether received": ether,
        " Total ERC20 tnxs": "" if fraud and rng.random() < 0.4 else rng.randint(0, 20),
        " ERC20 total Ether received": "" if fraud and rng.random() < 0.4 else 0,
    }
