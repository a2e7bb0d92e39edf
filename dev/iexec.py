"""Deploy the app, or run it, with iExec's own client; say what is missing before, and what comes next after.

`make deploy` and `make run` call this. It calls the locked client in examples/deploy/node_modules. Nothing in this file signs
or pays: the client asks for the wallet's password, and before a run for consent to its price.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # this runs before anything is installed

from app.base.errors import AppError  # noqa: E402
from app.iexec import args  # noqa: E402

CHAIN_IDS = {"arbitrum-sepolia-testnet": "421614", "arbitrum-mainnet": "42161", "bellecour": "134"}
# iapp 2.0.0 (cli/src/config/config.ts); SCONE has no pool that is known to answer
POOLS = {
    ("tdx", "arbitrum-sepolia-testnet"): "0x2956f0cb779904795a5f30d3b3ea88b714c3123f",
    ("tdx", "arbitrum-mainnet"): "0x8ef2ec3ef9535d4b4349bfec7d8b31a580e60244",
}


@dataclass(frozen=True)
class Generation:
    """One TEE: the folder with its three files, and the last client that speaks it."""

    tee: str
    folder: Path
    package: str

    @property
    def client(self) -> list[str]:
        """Return the command that the client's own commands follow."""
        return ["node", str(ROOT / "examples/deploy/node_modules" / self.package / "dist/esm/cli/cmd/iexec.js")]

    @property
    def shown(self) -> str:
        """Return the same for a person to type, in `folder`."""
        return "iexec" if self.package == "iexec" else " ".join(self.client)

    def read(self, name: str) -> dict[str, Any]:
        """Return one of iexec.json, chain.json, deployed.json."""
        document: dict[str, Any] = json.loads((self.folder / name).read_text())
        return document


GENERATIONS = {
    "tdx": Generation("tdx", ROOT, "iexec"),
    "scone": Generation("scone", ROOT / "examples/deploy/scone", "iexec-scone"),
}


def missing(app: dict[str, Any]) -> list[str]:
    """Return what must still be filled in before the app can be deployed, one line each."""
    lines = []
    if not int(app["owner"], 16):
        lines.append("app.owner: your wallet's address (`iexec wallet show`)")
    if "YOUR-NAME" in app["multiaddr"]:
        lines.append("app.multiaddr: where the image was pushed to")
    if not re.fullmatch(r"[^@]+:[^:/@]+", app["multiaddr"]):
        lines.append("app.multiaddr: needs an explicit tag and no digest, else the worker refuses to pull it")
    if not int(app["checksum"], 16):
        lines.append("app.checksum: 0x and the SHA-256 of the pushed manifest, as `docker push` prints it")
    if "mrenclave" in app and not int(app["mrenclave"]["fingerprint"], 16):
        lines.append("app.mrenclave: run ./sconify.sh, which writes it")
    return lines


def deploy(generation: Generation, chain: str, extra: list[str]) -> int:
    """Deploy the app of iexec.json and print the next steps. Return the exit code."""
    gaps = missing(generation.read("iexec.json")["app"])
    if gaps:
        _say(f"{generation.folder / 'iexec.json'} is not ready:", *(f"  {gap}" for gap in gaps))
        return 1
    code = _call(generation, "app", "deploy", "--chain", chain, *extra)
    if code == 0:
        app = generation.read("deployed.json")["app"][CHAIN_IDS[chain]]
        _say(
            "",
            f"Next, in {generation.folder}: push the signing key, once and for all, and let others order the app:",
            f"  {generation.shown} app push-secret {app} --chain {chain}      # paste what `python -m app key new` printed",
            f"  {generation.shown} app publish {app} --chain {chain} --tag tee,{generation.tee} --price 0",
            f"Then: make run TEE={generation.tee} CHAIN={chain} FLAGS='--args \"--max-tokens 64\" --dataset 0x…'",
        )
    return code


def run(generation: Generation, chain: str, workerpool: str | None, extra: list[str]) -> int:
    """Order one task, wait for it, and print how to get and check the result. Return the exit code."""
    app = generation.read("deployed.json").get("app", {}).get(CHAIN_IDS[chain])
    pool = workerpool or POOLS.get((generation.tee, chain))
    if app is None:
        _say(f"no app of yours is deployed on {chain}: `make deploy` first")
        return 1
    if pool is None:
        _say(f"no {generation.tee} workerpool is known on {chain}: name one with POOL=0x…")
        return 1
    wanted = ["--tag", f"tee,{generation.tee}", "--workerpool", pool, "--watch"]
    code = _call(generation, "app", "run", app, "--chain", chain, *wanted, *extra)
    if code == 0:
        _say(
            "",
            f"Next, in {generation.folder}, with the task's id from above:",
            f"  {generation.shown} task show 0xTASK --chain {chain} --download       # and --decrypt after --encrypt-result",
            "  unzip 0xTASK.zip result.json",
            f"  python -m app verify result.json --signer 0xSIGNER --task 0xTASK --app {app} --rpc https://…",
        )
    return code


def _call(generation: Generation, *command: str) -> int:
    return subprocess.run([*generation.client, *command, "--quiet"], cwd=generation.folder, check=False).returncode


def _wrong_args(extra: list[str]) -> str | None:
    """Return what a worker or the app would make of --args that nobody means, before it is paid for; None if it is well."""
    told = extra[extra.index("--args") + 1 :][:1] if "--args" in extra else []
    told += [word.partition("=")[2] for word in extra if word.startswith("--args=")]
    for text in told:
        argv = args.split_args(text)
        if text.strip() and not argv:
            return "the args hold an odd number of quotes, and a worker drops all of such args"
        try:
            args.parse_args(argv)
        except AppError as err:
            return f"{err}; hint: {err.hint}"
    return None


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def main(argv: list[str]) -> int:
    """Read the command line and do it; what is not known here goes to the client as it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("command", choices=["deploy", "run"])
    parser.add_argument("--tee", choices=list(GENERATIONS), default="tdx")
    parser.add_argument("--chain", choices=list(CHAIN_IDS), default="arbitrum-sepolia-testnet")
    parser.add_argument("--workerpool")
    parser.add_argument("--folder", type=Path, help="with iexec.json, chain.json and deployed.json, if not the project's own")
    known, extra = parser.parse_known_args(argv)
    generation = GENERATIONS[known.tee]
    if known.folder:
        generation = Generation(generation.tee, known.folder, generation.package)
    if known.command == "deploy":
        return deploy(generation, known.chain, extra)
    if wrong := _wrong_args(extra):
        _say(wrong)
        return 2
    return run(generation, known.chain, known.workerpool, extra)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
