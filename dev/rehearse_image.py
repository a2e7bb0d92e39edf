"""Build both images on stand-in bases, run their entrypoints chrooted, compare with the checkout byte for byte.

    rehearse_image.py [--model NAME]... [--again] [--write]

For a machine without container engine and image registry, as root: buildah and debootstrap come from Debian.
Models: the default one and the one of the tests, unless named. `--again` builds each image a second time from an
empty cache, llama.cpp included, and compares the digests. `--write` puts the table into bench/results/images.txt.

What this shows: the recipe builds, the image lacks nothing, the entrypoint needs no environment but IEXEC_*, no
network, no /proc, /sys or /dev, writes nothing beside IEXEC_OUT, reads its prompt states, and gives the bytes that the
checkout gives for each kind of job. What it does not: docker's own base images, SCONE, SGX, TDX.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.desk.cache import cache_folder
from app.formats.protected_data_writer import protect
from app.iexec.args import split_args
from app.simulate.worker import Order, prepare
from dev.chrooted import Ran, run_chrooted, tree
from tests.support import histories

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench/results/images.txt"
MODELS = ["smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct"]
SUITES = {"Dockerfile": "bookworm", "Dockerfile.scone": "bullseye"}
KEY = "0x" + "5ea1ed11" * 8  # signs rehearsals and nothing else
MIB = 2**20
HASHED = b"\x03\0\0\0"  # flags of a .pyc whose source's hash is in it and checked
STEP = 16 * MIB  # the grid of the address spaces in the table
PAST = histories.made_up(random.Random(7), transactions=30, first_block=5_000_000)  # noqa: S311  a wallet that is nobody's
# One job of each kind; a prompt state spares each of them words.
JOBS: dict[str, Mapping[str, Any]] = {
    "ask": {"prompt": "Why is the sky blue? One sentence."},
    "code": {"language": "python", "prompt": "a function twice(x)", "tests": json.dumps(["assert twice(2) == 4"])},
    "score": {"wallet": PAST.wallet, "history": json.dumps(histories.etherscan(PAST))},
}


@dataclass(frozen=True, slots=True)
class Image:
    """A built image and where it can be seen."""

    tag: str
    digest: str
    bytes: int
    """All layers, unpacked."""
    added: int
    """Those that the recipe puts on top of the base."""


def say(text: str) -> None:
    """Print progress."""
    sys.stderr.write(f"rehearsal: {text}\n")


def output(*command: str | Path) -> str:
    """Return what `command` prints; end the program if it fails."""
    done = subprocess.run([os.fspath(word) for word in command], stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"rehearsal: error: {command[0]} {command[1]} ended with {done.returncode}")
    return done.stdout.strip()


def build(dockerfile: str, model: str, *, cache: Path) -> Image:
    """Return the image of `dockerfile`; `cache` is the build's cache folder for wheels and models."""
    suite, tag = SUITES[dockerfile], f"localhost/sealed-llm:{dockerfile.lower()}-{model}"
    cache.mkdir(parents=True, exist_ok=True)
    options = [
        "--isolation=chroot",
        "--pull-never",
        f"--volume={cache}:/root/.cache/sealed-llm:rw",
        f"--build-arg=MODEL={model}",
    ]
    options += [f"--build-arg=BUILD_BASE=localhost/standin:{suite}-build", f"--build-arg=BASE=localhost/standin:{suite}"]
    os.environ["ENGINE"] = "buildah"
    digest = output("image/build.sh", dockerfile, tag, *options)
    base = size_of(f"localhost/standin:{suite}")
    whole = size_of(tag)
    return Image(tag, digest, whole, whole - base)


def size_of(tag: str) -> int:
    """Return the bytes of all files of an image."""
    with mounted(tag) as folder:
        return sum(entry[0] for entry in tree(folder).values())


@contextlib.contextmanager
def mounted(tag: str) -> Iterator[Path]:
    """Yield the root folder of a container of the image; what is written there is dropped at the end."""
    container = output("buildah", "from", "--pull-never", tag)
    try:
        yield Path(output("buildah", "mount", container))
    finally:
        output("buildah", "rm", container)


def entrypoint(tag: str) -> list[str]:
    """Return the entrypoint, after looking that the image asks for nothing that SCONE would not give."""
    config = json.loads(output("buildah", "inspect", "--type", "image", tag))["Docker"]["config"]
    command: list[str] = config["Entrypoint"]
    if config.get("Cmd") or config.get("WorkingDir") not in {"", "/", None} or config.get("User"):
        raise SystemExit("rehearsal: error: the image relies on CMD, WORKDIR or USER")
    return command


def order(model: str, fields: Mapping[str, Any], how: str = "", tokens: int = 48) -> Order:
    """Return a task with a real protectedData, which says itself how long its answer may be."""
    more = {} if "wallet" in fields else {"max_tokens": tokens}
    return Order(datasets=(protect({**fields, **more}),), args=f"--model {model}{how}", app_secret=KEY)


def in_checkout(wanted: Order) -> bytes:
    """Return result.json as `python -m app` of this checkout writes it."""
    with tempfile.TemporaryDirectory(prefix="sealed-llm-rehearsal-") as name:
        folders = [Path(name, part) for part in ("in", "out")]
        for folder in folders:
            folder.mkdir()
        environ = prepare(wanted, *folders)
        command = [sys.executable, "-m", "app", *split_args(wanted.args)]
        subprocess.run(command, env=environ, cwd="/", stdin=subprocess.DEVNULL, check=True)
        return (folders[1] / "result.json").read_bytes()


def in_image(image: Image, wanted: Order, address_space: int | None = None) -> Ran:
    """Run the entrypoint of `image` chrooted, with IEXEC_* only."""
    with mounted(image.tag) as root:
        inside = [root / "iexec_in", root / "iexec_out"]
        for folder in inside:
            folder.mkdir()
        environ = prepare(wanted, *inside) | {"IEXEC_IN": "/iexec_in", "IEXEC_OUT": "/iexec_out"}
        return run_chrooted(root, [*entrypoint(image.tag), *split_args(wanted.args)], environ, address_space)


def compare(image: Image, model: str) -> None:
    """End the program unless the image gives the checkout's bytes for each job, silently, and leaves no other file."""
    for job, fields in JOBS.items():
        wanted = order(model, fields)
        ran, expected = in_image(image, wanted), in_checkout(wanted)
        if json.loads(expected)["report"]["status"] != "ok":
            raise SystemExit(f"rehearsal: error: the checkout itself gives no answer to {job}")
        for what, good in {
            "exit code": ran.code == 0,
            "silence on stdout and stderr": not ran.stdout and not ran.stderr,
            "result.json": ran.result == expected,
            "computed.json": ran.computed == {"deterministic-output-path": "/iexec_out/result.json"},
            "nothing written beside IEXEC_OUT": not ran.changed,
            "prompt state": "load_model" in ran.timings and f"prompt_state_{job}" not in ran.timings,
        }.items():
            if not good:
                words = f"{ran.stderr.decode(errors='replace')[-500:]} {ran.changed} {ran.timings}"
                raise SystemExit(f"rehearsal: error: {image.tag}: {job}: {what}: {words}")
            say(f"{image.tag}: {job}: {what}: ok")


def byte_code(image: Image) -> None:
    """End the program if a `.pyc` of the image is bound to a time and not to the hash of its source."""
    with mounted(image.tag) as root:
        for path in root.rglob("*.pyc"):
            with path.open("rb") as stream:
                if stream.read(8)[4:] != HASHED:
                    raise SystemExit(f"rehearsal: error: {image.tag}: {path.relative_to(root)} is not bound to its source")
    say(f"{image.tag}: byte code: ok")


def heap_lines(image: Image, model: str) -> Iterator[str]:
    """Yield what the image needs of memory, for a short answer and with room for a long one.

    The address space is VmPeak rounded up to the grid, and proven by a second run that has no more.
    """
    for tokens, how in itertools.product((48, 4_000), ("", " --no-mmap")):
        wanted = order(model, {"prompt": "What is the capital of France? One word."}, how, tokens)
        free = in_image(image, wanted)
        if free.result is None or json.loads(free.result)["report"]["status"] != "ok":
            raise SystemExit("rehearsal: error: no answer even without a limit")
        space = (free.peak_virtual // STEP + 1) * STEP
        if in_image(image, wanted, space).result != free.result:
            raise SystemExit(f"rehearsal: error: {space // MIB} MiB of address space are not enough")
        memory = f"address space {space // MIB:>5} MiB, resident {free.peak_resident // MIB:>5} MiB"
        yield f"  room for {tokens:>5} tokens{how:<10}  {memory}"


def main() -> None:
    """Rehearse, and print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--model", action="append")
    options.add_argument("--again", action="store_true")
    options.add_argument("--write", action="store_true")
    wish = options.parse_args()
    if os.getuid() or not all(map(shutil.which, ("buildah", "debootstrap", "unshare"))):
        raise SystemExit("rehearsal: error: needs root, and buildah and debootstrap (apt-get install buildah debootstrap)")
    lines = ["image sizes and the memory that a task needs; stand-in bases, see dev/rehearse_image.py"]
    for dockerfile in SUITES:
        lines += rehearse(dockerfile, wish.model or MODELS, again=wish.again)
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if wish.write:
        RESULTS.write_text(text)


def rehearse(dockerfile: str, models: list[str], *, again: bool) -> Iterator[str]:
    """Build the images of `dockerfile`, try them, and yield their part of the table."""
    suite = SUITES[dockerfile]
    say(f"stand-ins for {suite}")
    output("image/standin.sh", suite)
    with tempfile.TemporaryDirectory(prefix="sealed-llm-again-") as empty:
        for model in models:
            say(f"{dockerfile} with {model}")
            image = build(dockerfile, model, cache=cache_folder() / "image")
            byte_code(image)
            compare(image, model)
            twice = ""
            if again:
                other = build(dockerfile, model, cache=Path(empty))
                if other.digest != image.digest:
                    raise SystemExit(f"rehearsal: error: two builds of {dockerfile}: {image.digest}, {other.digest}")
                say(f"{image.tag}: two builds, one digest: {image.digest}")
                twice = "; two builds, one digest"
            sizes = f"{image.bytes // MIB} MiB unpacked, {image.added // MIB} MiB of it over the base"
            yield f"{dockerfile}, {model}: {sizes}{twice}"
            yield from heap_lines(image, model)


if __name__ == "__main__":
    main()
