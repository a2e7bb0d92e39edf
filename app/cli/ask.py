"""The commands `ask` and `score`: they take words or files, and give a signed answer."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from app.cli.base import Command
from app.cli.order import FILE, Ending, conclude, connect_to, end_options, model_options, run, run_options, sampling_options
from app.desk.settings import Settings


class _Ask(Ending, Settings):
    words: tuple[str, ...]
    material: Path | None
    system: str | None
    engine: str | None


class _Score(Ending, Settings):
    wallet: str
    files: tuple[Path, ...]
    chain: str | None


@click.command(cls=Command, short_help="Ask one question and get a signed answer.")
@click.argument("words", nargs=-1, metavar="[QUESTION]...")
@click.option("--file", "material", type=FILE, metavar="FILE", help="What the question is about, or a request; - is stdin.")
@click.option("--system", metavar="TEXT", help="The system prompt, in place of ours; stays private.")
@sampling_options
@model_options
@run_options
def ask(**typed: Unpack[_Ask]) -> int:
    """Ask one question and get a signed answer, as an order on iExec would.

    The question becomes a protectedData, together with the numeric options. With
    --file, or with piped text beside the question, that becomes the
    protectedData, the question a requester secret, and the numeric options public
    args. Without a question, piped text is the prompt, and a file must be a
    request that says what to do, with its own numbers. Put words that begin with
    - after --.

    \b
    Examples:
      sealed-llm ask "What is the capital of France?"
      sealed-llm ask "How many orders failed?" --file orders.csv
      cat notes.txt | sealed-llm ask "What was decided?" --max-tokens 64
      echo "What is the capital of France?" | sealed-llm ask
    """  # noqa: D301  click wants the character itself
    from app.simulate.orders import ask_order

    outside = connect_to(typed["engine"])
    order = ask_order(typed["words"], typed["material"], system=typed["system"], options=typed)
    return conclude(run(order, typed["out"], outside, "asking the model", keep=typed["keep"]), as_json=typed["as_json"])


@click.command(cls=Command)
@click.argument("wallet", metavar="0x…")
@click.argument("files", nargs=-1, type=FILE, metavar="[HISTORY]...")
@click.option("--chain", metavar="ID", help="Chain id of the history; 1 by default.")
@model_options
@end_options
def score(**typed: Unpack[_Score]) -> int:
    """Score a wallet from the files that an explorer or a node sent.

    The address becomes a protectedData, and the files become input files.
    docs/how-to/wallet-histories.md lists the known formats; a history may also
    be piped in.

    \b
    Examples:
      sealed-llm score 0x… txlist.json tokentx.json
      cat txlist.json | sealed-llm score 0x…
    """  # noqa: D301  as above
    from app.simulate.orders import score_order

    order = score_order(typed["wallet"], typed["files"], chain=typed["chain"], options=typed)
    return conclude(run(order, typed["out"], None, "scoring the wallet", keep=typed["keep"]), as_json=typed["as_json"])
