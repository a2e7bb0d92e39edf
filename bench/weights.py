"""What each quantisation of a model costs and gives: size, speed, memory, likeness to the shipped file, code, score texts.

    python -m bench.weights [--types Q8_0,…] [--columns speed,likeness,code,score] [--model NAME] [--every N] [--wallets N]

The files are made by llama-quantize of our own build from the shipped one, the only one that registries offer. So no row can
be better than the shipped file by more than chance, and a row below it has lost twice: compare costs freely, quality with care.
Finished cells are kept in bench/results/local/weights.json, so a run that was stopped goes on; the table of all of them is
printed at the end (with `--columns ""` at once).
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.desk.cache import cache_folder
from app.jobs.score.wording import word
from app.llm.answerer import Embedded
from app.llm.engine import Engine
from app.llm.models import Model, checked_path, find
from app.llm.prompt_cache import PromptCache
from app.sandbox.sandbox import Sandbox
from bench.humaneval import attempt, problems, verdict
from bench.kept import FOLDER
from bench.measure import in_turns, median
from bench.peer import program
from bench.rates import llama_bench, rate
from bench.score import wallet

SHIPPED = "as shipped"
TYPES = (SHIPPED, "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_0", "Q4_1", "Q4_0", "IQ4_NL", "Q3_K_M")
COLUMNS = ("speed", "likeness", "code", "score")
Cell = tuple[str, dict[str, float]]  # quantisation, and what was found of it
_CORES = len(os.sched_getaffinity(0))
_ROUNDS = 3
_CHUNKS = 12  # of 512 tokens, from the HumanEval problems with their solutions


def made(model: Model, kind: str) -> Path:
    """Return the file of a quantisation, made in the cache on first use."""
    path = checked_path(model).resolve()
    if kind == SHIPPED:
        return path
    target = cache_folder() / "quantised" / f"{model.sha256[:12]}-{kind}.gguf"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.tmp")
        command: list[str | Path] = [program("llama-quantize"), "--allow-requantize", path, partial, kind]
        subprocess.run(command, check=True, capture_output=True)
        partial.rename(target)
    return target


def speed(model: Model, kinds: Sequence[str]) -> Iterator[Cell]:
    """Yield tokens a second of reading and writing on one thread, and MiB of peak resident memory: medians, in turns."""
    runs = {
        f"{kind} {what}": functools.partial(llama_bench, made(model, kind), 1, *sizes)
        for kind in kinds
        for what, sizes in (("prefill", (256, 0)), ("decode", (0, 32)))
    }
    found = in_turns(runs, _ROUNDS)
    for kind in kinds:
        reads, writes = found[f"{kind} prefill"], found[f"{kind} decode"]
        rates = {"prefill": median([rate(cost) for cost in reads]), "decode": median([rate(cost) for cost in writes])}
        yield kind, rates | {"MiB": max(cost.mebibytes for cost in (*reads, *writes))}


def likeness(model: Model, kinds: Sequence[str]) -> Iterator[Cell]:
    """Yield perplexity on code, and against the shipped file: divergence, and how often the likeliest token is the same."""
    with tempfile.TemporaryDirectory(prefix="sealed-llm-weights-") as folder:
        base = _base(model, Path(folder))
        for kind in kinds:
            yield kind, _alike(made(model, kind), base)


def _alike(file: Path, base: Path) -> dict[str, float]:
    command: list[str | Path] = [program("llama-perplexity"), "-m", file, "--kl-divergence", "--kl-divergence-base", base]
    command += ["-t", str(_CORES), "-fa", "off"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    said = done.stdout + done.stderr
    wanted = {"perplexity": r"Mean PPL\(Q\)", "divergence": r"Mean +KLD", "same top %": r"Same top p"}
    found = {name: re.search(rf"{label}\s*:\s*(-?[0-9.]+)", said) for name, label in wanted.items()}
    if not all(found.values()):
        raise SystemExit("llama-perplexity told something else than expected")
    return {name: float(match[1]) for name, match in found.items() if match}


def _base(model: Model, folder: Path) -> Path:
    """Return the shipped file's own probabilities, as llama-perplexity keeps them, in `folder`."""
    text, base = folder / "text.txt", folder / "base.bin"
    text.write_text("\n".join(task["prompt"] + task["canonical_solution"] for task in problems()))
    command: list[str | Path] = [program("llama-perplexity"), "-m", made(model, SHIPPED), "-f", text]
    command += ["--chunks", str(_CHUNKS), "-c", "512", "-t", str(_CORES), "-fa", "off"]
    subprocess.run([*command, "--kl-divergence-base", base], check=True, capture_output=True)
    return base


def code(model: Model, kinds: Sequence[str], every: int) -> Iterator[Cell]:
    """Yield how many of every Nth HumanEval task the first attempt solves, in percent."""
    tasks, sandbox = problems()[::every], Sandbox()
    for kind in kinds:
        with Engine(made(model, kind), threads=_CORES, states=PromptCache(model, {}, recalls=True)) as engine:
            said = [verdict(sandbox, task, attempt(engine, model, task["prompt"], 1)) for task in tasks]
        yield kind, {f"code % of {len(tasks)}": 100 * said.count("passed") / len(tasks)}


def score(model: Model, kinds: Sequence[str], wallets: int) -> Iterator[Cell]:
    """Yield how many sentences about so many wallets pass the checks in the model's own words, in percent."""
    for kind in kinds:
        with Engine(made(model, kind), threads=_CORES) as engine:
            claims = [
                claim for seed in range(wallets) for claim in word(Embedded(engine, model.context), wallet(seed).facts).claims
            ]
        yield kind, {f"texts % of {len(claims)}": 100 * sum(claim.by == "model" for claim in claims) / len(claims)}


def main() -> None:
    """Measure what is not kept yet, then print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--types", default=",".join(TYPES))
    options.add_argument("--columns", default=",".join(COLUMNS))
    options.add_argument("--model")
    options.add_argument("--every", type=int, default=4, help="take every Nth HumanEval task only")
    options.add_argument("--wallets", type=int, default=8)
    options.add_argument("--fresh", action="store_true", help="measure anew what is asked for")
    wanted = options.parse_args()
    model, kinds = find(wanted.model), wanted.types.split(",")
    columns: dict[str, Callable[[Sequence[str]], Iterator[Cell]]] = {
        "speed": functools.partial(speed, model),
        "likeness": functools.partial(likeness, model),
        "code": functools.partial(code, model, every=wanted.every),
        "score": functools.partial(score, model, wallets=wanted.wallets),
    }
    kept = FOLDER / "weights.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    cells: dict[str, dict[str, float]] = json.loads(kept.read_text()) if kept.exists() else {}
    sizes = {"code": f" {wanted.every}", "score": f" {wanted.wallets}"}
    names = {column: f"{column}{sizes.get(column, '')} {model.sha256[:12]}" for column in COLUMNS}
    for column in filter(None, wanted.columns.split(",")):
        missing = [kind for kind in kinds if wanted.fresh or f"{kind} {names[column]}" not in cells]
        for kind, cell in columns[column](missing) if missing else ():
            cells[f"{kind} {names[column]}"] = cell
            kept.write_text(json.dumps(cells, indent=1))
            print(f"  {kind}: {cell}", flush=True)
    rows: dict[str, dict[str, float]] = {kind: {"MB": made(model, kind).stat().st_size / 1e6} for kind in kinds}
    for kind, row in rows.items():
        for name in names.values():
            row.update(cells.get(f"{kind} {name}", {}))
    print(f"{model.name}, {model.file}; speed with one thread; -: not measured")
    heads = list(dict.fromkeys(head for row in rows.values() for head in row))
    print(f"{'':<12}" + "".join(f"{head:>16}" for head in heads))
    for kind, row in rows.items():
        print(f"{kind:<12}" + "".join(f"{_shown(head, row.get(head)):>16}" for head in heads))


def _shown(head: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.{3 if head in {'divergence', 'perplexity'} else 1}f}"


if __name__ == "__main__":
    main()
