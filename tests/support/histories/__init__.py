"""One wallet's past made up, and written down as Etherscan, Blockscout, a node or an aggregator would tell it.

`made_up(random.Random(seed))` gives a past of any mood; `etherscan`, `blockscout`, `node` and `aggregator` give documents
that `app.wallet.read` takes. Every text field, which the readers must never keep, holds one of the past's `texts`.
"""

from tests.support.histories.aggregator import aggregator, others
from tests.support.histories.blockscout import blockscout
from tests.support.histories.etherscan import etherscan
from tests.support.histories.node import node
from tests.support.histories.past import BYZANTIUM, HOSTILE, Log, Past, Tx, made_up, when

__all__ = [
    "BYZANTIUM",
    "HOSTILE",
    "Log",
    "Past",
    "Tx",
    "aggregator",
    "blockscout",
    "etherscan",
    "made_up",
    "node",
    "others",
    "when",
]
