"""The command `try`: a prompt for an engine of your own. Thin, as app/cli.py."""

from __future__ import annotations

import json
import os

import click


@click.command("try")
@click.option("--engine", required=True, metavar="SPEC", help="openai:URL#MODEL or transformers:FOLDER[#GGUF].")
@click.option("--prompt", required=True, help="The prompt.")
@click.option("--max-tokens", default=256, show_default=True, type=click.IntRange(1, 4096))
@click.option(
    "--temperature", "temperature_milli", default=0, show_default=True, type=click.IntRange(0, 2000), help="In thousandths."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 2))
def try_engine(engine: str, prompt: str, *, max_tokens: int, temperature_milli: int, seed: int) -> None:
    """Ask an engine outside of the image, with the words that `ask` puts around a prompt.

    For development: what comes out is signed by nobody and says `"embedded": false`. In a worker's
    environment the command refuses. A key for the server is read from SEALED_LLM_ENGINE_KEY.

    \b
    Examples:
      python -m app try --engine openai:http://127.0.0.1:11434/v1#qwen2.5-coder --prompt "Hello?"
      python -m app try --engine transformers:/models/SmolLM2-135M-Instruct --prompt "Hello?"
    """  # noqa: D301  click wants the character itself
    from dataclasses import asdict

    from app.llm.chat import Message
    from app.llm.engine import Sampling
    from app.llm.outside import connect
    from app.llm.prompts import ask

    outside = connect(engine, os.environ)
    sampling = Sampling(temperature_milli=temperature_milli, seed=seed)
    out = outside.complete([Message("system", ask.SYSTEM), Message("user", prompt)], sampling, max_tokens)
    model = {"embedded": False, "engine": outside.name}
    click.echo(json.dumps({"format": "sealed-llm/unsigned/1", "model": model, "answer": asdict(out)}, indent=1))
