"""Every command in the README, docs/, examples/ and a --help is run as a person would paste it, or is named with its reason.

What stands in a block of shell code is run line by line, in order, in a folder with examples/ and stand-ins for the other
files that it names; the small model answers where a command lets it. What cannot run here has a row in `ELSEWHERE` with the
test that runs it. A command that is neither fails: nobody can add one that is not run. Each document is a test of its own.
Blocks of other code are checked too: JSON and Python are parsed, requests validated, contracts and outputs compared.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from app.base.hints import HINTS
from app.cli.main import cli
from app.formats.protected_data_writer import protect
from app.request.fields import FIELDS, validate
from dev.check_drift import pages
from tests.support.desk import ROOT, SALT, SECRET, SIGNER, SMALL

DOCUMENTS = pages()
GENERATED = {ROOT / "docs/reference/commands.md"}  # each --help, whose examples run below
BIN = Path(sys.executable).parent
WALLET = "0x" + "1" * 40
OURS = re.compile(r"(?:\.venv/bin/)?(?:python -m app|sealed-llm)(?= |$)")

FAR_OFF, HISTORIES = "needs the service", "tests/unit/test_history"
# how a command begins -> why it is not run here, and the test that runs it or says why none can
ELSEWHERE = {
    "make image": ("needs a container tool", "tests/deploy/test_image.py::test_a_classic_builder_takes_it"),
    "docker": ("needs docker and a registry", "tests/deploy/test_sconify.py::test_production"),
    "openssl genrsa": ("makes a key", "tests/deploy/test_sconify.py::test_production"),
    "./sconify.sh": ("needs docker and SCONE's images", "tests/deploy/test_sconify.py::test_production"),
    "export SCONIFIER_DIGEST": (
        "needs SCONE's images",
        "tests/deploy/test_sconify.py::test_a_sconifier_without_its_digest_gets_neither_socket_nor_key",
    ),
    "export PATH=": ("sets the shell", "tests/e2e/test_cli.py::test_the_console_command_is_the_same_program"),
    "export SEALED_LLM_ENGINE_KEY": ("needs a server", "tests/e2e/test_outside.py::test_a_real_server_answers"),
    "export KEYSTORE": ("needs a key", "tests/iexec/test_local_iexec.py::test_ask_mjs_does_it_all"),
    "iexec": ("needs a chain", "tests/iexec/test_local_iexec.py::test_a_protected_prompt_is_answered_and_its_result_verified"),
    "make deploy": ("needs a chain", "tests/iexec/test_deploy_files.py::test_unfinished_files_are_not_deployed"),
    "make run": ("needs a chain", "tests/iexec/test_deploy_files.py::test_a_run_without_a_known_pool_says_so"),
    "node ask.mjs": ("needs a chain", "tests/iexec/test_local_iexec.py::test_ask_mjs_does_it_all"),
    "node bulk.mjs": ("needs a chain", "tests/iexec/test_mishaps.py::test_one_bad_dataset_spoils_its_entry_of_the_bulk_only"),
    "node protect.mjs": (
        "needs a chain",
        "tests/iexec/test_mishaps.py::test_one_bad_dataset_spoils_its_entry_of_the_bulk_only",
    ),
    "iapp": (
        "needs docker and a chain",
        "tests/deploy/test_context.py::test_iapp_sends_what_the_recipe_copies_and_nothing_else",
    ),
    "npm i -g @iexec/iapp": (
        "installs iExec's tool",
        "tests/deploy/test_context.py::test_iapp_sends_what_the_recipe_copies_and_nothing_else",
    ),
    "cat > iapp.config.json": ("for iExec's tool", "tests/deploy/test_context.py::test_git_takes_none_of_it"),
    "mkdir -p mock/protectedData": ("for iExec's tool", "tests/deploy/test_scripts.py::test_stores_what_simulate_stores"),
    "npm install ethers": ("asks a registry", "tests/unit/test_snippets.py::test_a_good_result"),
    "node verify_ethers.mjs": ("needs ethers", "tests/unit/test_snippets.py::test_a_good_result"),
    "node verify_viem.mjs": ("needs viem", "tests/unit/test_snippets.py::test_a_good_result"),
    'curl -s "https://api.etherscan.io': (FAR_OFF, f"{HISTORIES}_sources.py::test_three_sources_tell_the_same"),
    'curl -s "https://eth.blockscout.com': (FAR_OFF, f"{HISTORIES}_sources.py::test_three_sources_tell_the_same"),
    'curl -s "https://api.covalenthq.com': (FAR_OFF, f"{HISTORIES}_foreign.py::test_the_same_records_are_the_same_digest"),
    'curl -s "https://deep-index.moralis.io': (FAR_OFF, f"{HISTORIES}_foreign.py::test_the_same_records_are_the_same_digest"),
    'curl -s "https://api.dune.com': (FAR_OFF, f"{HISTORIES}_foreign.py::test_dune_as_csv"),
    'curl -s "https://streaming.bitquery.io': (FAR_OFF, f"{HISTORIES}_sources.py::test_bitquery"),
    'curl -s "https://eth-mainnet.g.alchemy.com': (FAR_OFF, f"{HISTORIES}_sources.py::test_alchemy"),
    'curl -s "http://127.0.0.1:8545"': ("needs a node", "tests/e2e/test_live_rpc.py::test_live_is_what_was_exported_by_hand"),
}
# what in a command of ours asks for what is not here -> the same
FAR = {
    "--engine": ("needs a server", "tests/e2e/test_outside.py::test_an_ask_says_that_no_embedded_model_answered"),
    "--task": ("needs a chain", "tests/contracts/test_verify_task.py::test_the_digest_of_the_file"),
    "model fetch": ("asks the sources of a model", "tests/unit/test_models.py::test_fetch_resumes_after_a_cut"),
}
# what stands in a document -> what is typed here
STAND_INS = (
    ("--signer 0x…", f"--signer {SIGNER}"),
    ("--wallet 0x…", f"--wallet {WALLET}"),
    ("score 0x…", f"score {WALLET}"),
    ("--model qwen2.5-coder-0.5b-instruct", f"--model {SMALL}"),
)
# a command of ours that takes a model -> what makes it quick
QUICK = {
    "simulate code": f"--model {SMALL} --max-tokens 40 --attempts 1",
    "simulate": f'--args "--model {SMALL} --max-tokens 8"',
    "code": f"--model {SMALL} --max-tokens 40 --attempts 1",
    "ask": f"--model {SMALL} --max-tokens 8",
    "score": f"--model {SMALL}",
}
PLAIN = ("printf", "echo", "python")  # makes a file that the next line names, or runs what is in examples/
MAY_FAIL = ("simulate code", "code")  # the small model passes few tests: 3 is an answer too


def shell_lines(text: str) -> Iterator[str]:
    """Yield the commands of a shell script: lines joined at a backslash, without comments; a here-document is one."""
    joined = re.sub(r"\\\n\s*", "", text)
    joined = re.sub(r"(<<'?(\w+)'?\n).*?\n\2\n", r"\1", joined, flags=re.DOTALL)
    for line in joined.splitlines():
        command = re.sub(r"(^|\s)#(\s|$).*", "", line).strip()
        if command:
            yield command


SHELL = ("sh", "bash", "shell", "console")


def blocks(path: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each block of code in a document."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(), re.DOTALL | re.MULTILINE)


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_document(path: Path) -> list[str]:
    return [command for language, text in blocks(path) if language in SHELL for command in shell_lines(text)]


def all_commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{before}{name} ")


HELPS = ["", *(name for name, _ in all_commands(cli)), "simulate code"]


def in_help(name: str) -> list[str]:
    """Return the examples of a command's help: what is indented and calls the program."""
    environ = {"PATH": os.environ["PATH"], "COLUMNS": "80", "NO_COLOR": "1"}
    words = [sys.executable, "-m", "app", *name.split(), "--help"]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    assert max(map(len, done.stdout.splitlines())) <= 80 and "sealed-llm " not in done.stdout, "the program is named as typed"
    text = "\n".join(line.strip() for line in re.findall(r"^    .*$", done.stdout.partition("Options:")[0], re.MULTILINE))
    return [command for command in shell_lines(text) if "python -m app " in command]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all files that a command may name, and a result of the request among them."""
    folder = tmp_path_factory.mktemp("made")
    row = {"blockNumber": "21686822", "timeStamp": "1737630863", "hash": "0x" + "ab" * 32, "nonce": "1", "from": WALLET}
    row |= {"to": "0x" + "2" * 40, "value": "1000000000000000000", "gas": "21000", "gasPrice": "1", "gasUsed": "21000"}
    sent = row | {"isError": "0", "txreceipt_status": "1", "input": "0x", "contractAddress": "", "transactionIndex": "1"}
    token = row | {"contractAddress": "0x" + "3" * 40, "tokenName": "T", "tokenSymbol": "T", "tokenDecimal": "18"}
    request = {"prompt": "What is the capital of France?", "max_tokens": 8, "salt": SALT}
    files = {
        "request.json": json.dumps(request),
        "orders.csv": "order,status\n1,failed\n2,done\n",
        "notes.txt": "It was decided to meet on Monday.\n",
        "rev.py": "def rev(text):\n    return text[::-1]\n",
        "txlist.json": json.dumps({"status": "1", "message": "OK", "result": [sent]}),
        "tokentx.json": json.dumps({"status": "1", "message": "OK", "result": [token]}),
        "secret.txt": SECRET,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    for name in ("file.zip", "alice.zip", "bob.zip"):
        (folder / name).write_bytes(protect({"prompt": request["prompt"]}))
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("node_modules"))
    done = pasted(folder, f"sealed-llm simulate --file request.json --args '--model {SMALL}' --out made")
    assert done.returncode == 0, done.stderr
    (folder / "made/result.json").rename(folder / "result.json")
    subprocess.run([sys.executable, "-m", "zipfile", "-c", "0xTASK.zip", "result.json"], cwd=folder, check=True)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Path:
    """Return a folder of one's own with the same files."""
    return Path(shutil.copytree(made, tmp_path, ignore=shutil.ignore_patterns("made", "cache"), dirs_exist_ok=True))


def pasted(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "SEALED_LLM_CACHE": str(folder / "cache"), "TMPDIR": str(folder)}
    environ |= {"IEXEC_APP_DEVELOPER_SECRET": SECRET, "COLUMNS": "80", "NO_COLOR": "1"}
    words = ["bash", "-euo", "pipefail", "-c", command]
    return subprocess.run(
        words, env=environ, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=300
    )


def job(command: str) -> str:
    """Return which of our commands it is."""
    words = OURS.split(command, maxsplit=1)[1].split()
    return next(
        (name for name in sorted(HELPS, key=len, reverse=True) if name and words[: name.count(" ") + 1] == name.split()), ""
    )


def as_typed_here(command: str) -> str:
    """Return the command with stand-ins for what is not here, and quick where it may be."""
    command = OURS.sub(lambda found: found[0].removeprefix(".venv/bin/"), command)
    for written, ours in STAND_INS:
        command = command.replace(written, ours)
    quick = QUICK.get(job(command), "")
    if job(command) == "simulate" and "--wallet" in command:
        quick = f'--args "--model {SMALL} --seconds 1"'  # the score is the same, and fixed words say why
    if job(command) == "simulate" and "--args " in command:
        command, quick = re.sub(r'--args (["\'])', rf"--args \1--model {SMALL} ", command), ""
    if quick and "--help" not in command and not re.search("--(list|show|rename|delete)", command):
        command = re.sub(rf"({OURS.pattern} {job(command)})\b", rf"\1 {quick}", command)
    return command


def run(folder: Path, command: str) -> None:
    """Run one command of ours, or see that it is run elsewhere."""
    if not OURS.search(command):
        if command.startswith("make ") and not _row(command):
            target = command.split()[1]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"there is no target {target}"
            return
        if command.split(maxsplit=1)[0] in PLAIN:
            assert pasted(folder, command).returncode == 0
            return
        assert _row(command), f"not run by any test: {command}"
        return
    typed = as_typed_here(command)
    alone = typed.replace("python -m app", "sealed-llm") if "--session" not in typed else None
    if any(word in command for word in FAR) or alone in RUN:
        return
    done = pasted(folder, typed)
    allowed = (0, 3) if job(command) in MAY_FAIL or "/code/" in command else (0,)
    assert done.returncode in allowed and "Traceback" not in done.stderr, f"{typed}\n{done.stdout}\n{done.stderr}"
    assert done.stdout or done.stderr
    RUN.update([alone] if alone else [])
    assert not list(folder.glob("sealed-llm-*")), "something decrypted was left behind"


RUN: set[str] = set()  # what ran once and depends on nothing before it need not run again


def _row(command: str) -> tuple[str, str] | None:
    return next((row for begin, row in ELSEWHERE.items() if command.startswith(begin)), None)


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if in_document(path)], ids=place)
def test_every_command_in_a_document_runs(document: Path, here: Path) -> None:
    for command in in_document(document):
        run(here, command)


def test_every_command_in_a_table_runs(here: Path) -> None:
    """The commands that examples/README.md names beside its files."""
    found = [
        cell
        for row in (ROOT / "examples/README.md").read_text().splitlines()
        for cell in re.findall(r"`(sealed-llm [^`]+)`", row)
    ]
    assert len(found) >= 4
    for command in found:
        run(here, command)


@pytest.mark.parametrize("document", DOCUMENTS, ids=place)
def test_every_block_is_checked(document: Path) -> None:
    for language, text in blocks(document):
        if document not in GENERATED:
            CHECKS[language](text)


def _json(text: str) -> None:
    """A request must be one; what is shortened by … is JSON all the same."""
    value = json.loads(text)
    if "…" not in text and value.keys() <= FIELDS:
        validate(value)


def _python(text: str) -> None:
    """What is imported must be there."""
    compile(text, "docs", "exec")
    for one in ast.walk(ast.parse(text)):
        if isinstance(one, ast.ImportFrom) and one.module:
            there = importlib.import_module(one.module)
            assert all(hasattr(there, name.name) for name in one.names), one.module


def _excerpt(text: str) -> None:
    """A contract is shown as it stands in a file that a test compiles or reads."""
    files = [
        path
        for pattern in ("examples/snippets/*", "contracts/*.sol", "examples/score/*.sol")
        for path in ROOT.glob(pattern)
        if path.is_file()
    ]
    assert any(text.strip("\n") in path.read_text() for path in files), "no file has these lines"


def _output(text: str) -> None:
    """No command hides in what is no block of shell code, but where a prompt shows that its output follows."""
    assert not [line for line in text.splitlines() if OURS.match(line.lstrip())], "a command outside of a block of shell code"


def _shell(text: str) -> None:
    assert list(shell_lines(text))


CHECKS: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(SHELL, _shell),
    **dict.fromkeys(("solidity", "move"), _excerpt),
    "json": _json,
    "python": _python,
    "text": _output,
    "{toctree}": _output,
}


def plain(text: str) -> list[str]:
    """Return the lines of an output without what is another one in each run and on each machine."""
    text = re.sub(r"sealed-result/\S+?/result\.json|result\.json", "FILE", text)
    text = re.sub(r"0x[0-9a-fA-F]{40,64}", "0x…", re.sub(r"after [\d.]+ seconds", "after N seconds", text))
    return [line for line in " ".join(text.split()).split(". ") if line]


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    """By the default model, with this machine's simulation key, as `make demo` runs it; and what verify then says."""
    asked, verified = (text for language, text in blocks(ROOT / "README.md") if language == "text")
    environ = {"PATH": os.environ["PATH"], "SEALED_LLM_CACHE": str(tmp_path), "COLUMNS": "80", "NO_COLOR": "1"}
    command, _, shown = asked.partition("\n\n")
    words = shlex.split(command.removeprefix("$ .venv/bin/sealed-llm "))
    ask = [sys.executable, "-m", "app", *words, "--out", "sealed-result/demo"]
    done = subprocess.run(ask, env=environ, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    said = (done.stdout + "\n" + done.stderr).partition("\nNext: ")[0]
    assert plain(said) == plain(shown)
    signer = subprocess.run(
        [sys.executable, "-m", "app", "key", "address", "--simulation"], env=environ, capture_output=True, text=True, check=True
    )
    check = [sys.executable, "-m", "app", "verify", "sealed-result/demo/result.json", "--signer", signer.stdout.strip()]
    done = subprocess.run(check, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert plain(done.stdout + done.stderr) == plain(verified)


@pytest.mark.parametrize("name", HELPS, ids=[name or "sealed-llm" for name in HELPS])
def test_every_command_in_a_help_runs(name: str, here: Path) -> None:
    for command in in_help(name):
        run(here, command)


@pytest.mark.parametrize("named", sorted({row[1] for row in (*ELSEWHERE.values(), *FAR.values())}))
def test_what_runs_elsewhere_does(named: str) -> None:
    path, _, test = named.partition("::")
    assert re.search(rf"^def {test}\(", (ROOT / path).read_text(), re.MULTILINE), named


def test_an_unknown_command_fails(here: Path) -> None:
    for command in ("rm -rf /nowhere", "make nonsense", "sealed-llm frobnicate", "python -m app ask --nonsense"):
        with pytest.raises(AssertionError):
            run(here, command)
    assert list(shell_lines("a \\\n  b # c\n# d\ncat > x <<'EOF'\ne\nEOF\nf#g")) == ["a b", "cat > x <<'EOF'", "f#g"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=place)
def test_every_measurement_and_target_that_a_text_names_is_there(document: Path) -> None:
    """Beside each figure stands the command that measures it: not run, but looked up."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for module in re.findall(r"`python -m ((?:bench|tests)\.[\w.]+)", text):
        where = ROOT / module.replace(".", "/")
        assert where.with_suffix(".py").is_file() or (where / "__main__.py").is_file(), module


def in_prose() -> Iterator[tuple[str, str]]:
    """Yield every command of ours that is named in a text: where, and what."""
    texts = {path.name: re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE) for path in DOCUMENTS}
    for where, text in {**texts, **{f"hint of {code}": hint for code, hint in HINTS.items()}}.items():
        for words in re.findall(r"`(?:\.venv/bin/)?(?:python -m app|sealed-llm) ([a-z][^`]*)`", text):
            yield where, words


def test_every_command_that_a_text_names_is_there() -> None:
    """Not run, but looked up: the command and each of its options."""
    found = list(in_prose())
    assert len(found) > 10
    known = dict(all_commands(cli))
    for where, text in found:
        words = shlex.split(text)
        name = next((one for one in (" ".join(words[:2]), words[0]) if one in known), None)
        assert name, f"{where}: {text}"
        options = {option for param in known[name].params for option in param.opts} | {"--help"}
        assert {word for word in words if word.startswith("--") and len(word) > 2} <= options, f"{where}: {text}"
