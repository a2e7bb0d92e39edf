"""A docker that knows two images and answers what sconify.sh asks; test equipment.

The file scenario.json beside it says how it misbehaves, calls.json gets what it was asked. A fingerprint is
the hash of what the sconifier was told, heap included, so that drift shows as it does with SCONE.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).parent


def say(text: str) -> NoReturn:
    sys.stdout.write(text)
    sys.exit(0)


def inspect(argv: list[str], scenario: dict[str, Any]) -> NoReturn:
    flag, form, image = argv
    if flag != "-f" or image not in scenario["images"]:
        sys.exit(1)
    answers = {
        "{{.Os}}/{{.Architecture}}": scenario["platform"] + "\n",
        "{{json .Config.Entrypoint}}": json.dumps(scenario["entrypoint"]) + "\n",
        '{{join .RepoDigests "\\n"}}': "\n".join(scenario["digests"]) + "\n",
    }
    say(answers[form])


def run(argv: list[str], scenario: dict[str, Any], calls: list[list[str]]) -> NoReturn:
    if "sconify_iexec" in argv:
        sys.stderr.write("sconifier at work\n")
        sys.exit(scenario["sconifier_exit"])
    if "SCONE_HASH=1" in argv:
        told = sorted(
            word for call in calls if "sconify_iexec" in call for word in call if word.startswith("--") and "=" in word
        )
        heap = next((word[11:] for word in argv if word.startswith("SCONE_HEAP=")), None)
        if scenario["forgets_heap"] or heap:
            told = [word for word in told if not word.startswith("--heap=")] + [f"--heap={heap or '67108864'}"]
        text = scenario["hash"].replace("HASH", hashlib.sha256(" ".join(sorted(told)).encode()).hexdigest())
        say(text.replace("\n", "\r\n") if "-t" in argv or "-it" in argv else text)
    if "--entrypoint" in argv:
        if scenario["binary"] is None:
            sys.exit(127)
        say(scenario["binary"] + "\n")
    sys.exit(64)


def main() -> None:
    scenario = json.loads((HERE / "scenario.json").read_text())
    log = HERE / "calls.json"
    calls = json.loads(log.read_text()) if log.exists() else []
    log.write_text(json.dumps([*calls, sys.argv[1:]]))
    match sys.argv[1:]:
        case ["image", "inspect", *rest]:
            inspect(rest, scenario)
        case ["run", *rest]:
            run(rest, scenario, calls)
        case ["push", "--quiet", _]:
            sys.exit(scenario["push_exit"])
    sys.exit(64)


if __name__ == "__main__":
    main()
