"""The command line as a person meets it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import __version__
from app.formats.protected_data_writer import protect
from tests.support.desk import ROOT, SMALL, Desk

pytestmark = pytest.mark.slow


ARGS = f"--model {SMALL} --max-tokens 8"


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "here").mkdir()
    (tmp_path / "tmp").mkdir()
    return {"PATH": os.environ["PATH"], "SEALED_LLM_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}


def app(environ: dict[str, str], *args: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program where results may be left; what it decrypts must be gone when it ends."""
    temporary = Path(environ["TMPDIR"])
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, args)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        cwd=temporary.parent / "here",
        **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
    )
    assert "Traceback" not in done.stderr and not list(temporary.iterdir()), done.stderr
    return done


def test_simulate_shows_answer_digest_and_verdict(cache: dict[str, str], tmp_path: Path) -> None:
    done = app(cache, "simulate", "--prompt", "What is the capital of France?", "--args", ARGS, "--out", tmp_path / "task")
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert "verified   yes" in done.stdout and "simulation key" in done.stdout
    assert sorted(os.listdir(tmp_path / "task")) == ["computed.json", "result.json", "timings.json"]
    again = app(cache, "simulate", "--prompt", "What is the capital of France?", "--args", ARGS)
    assert again.returncode == 0
    assert (tmp_path / "task/result.json").read_bytes() == (tmp_path / "here/sealed-result/1/result.json").read_bytes()
    refused = app(cache, "simulate", "--prompt", "x", "--out", tmp_path / "task")
    assert refused.returncode == 2 and "not an empty folder" in refused.stderr


def test_the_next_command_works_when_pasted(cache: dict[str, str], tmp_path: Path) -> None:
    done = app(cache, "ask", "--model", SMALL, "Hello?", "--max-tokens", "4")
    pasted = done.stdout.partition("can check it:\n")[2]
    command = ["sh", "-c", pasted]
    checked = subprocess.run(command, env=cache, capture_output=True, text=True, check=False, cwd=tmp_path / "here")
    assert (checked.returncode, checked.stderr[:3]) == (0, "OK:"), checked.stderr
    shown = json.loads(app(cache, "ask", "--model", SMALL, "--json", "--max-tokens", "4", "Hello?").stdout)
    command = ["sh", "-c", shown["verify"] + " --json"]
    checked = subprocess.run(command, env=cache, capture_output=True, text=True, check=False, cwd=tmp_path / "here")
    assert json.loads(checked.stdout)["verified"] is True and shown["outcome"] == "ok" and shown["simulation_key"] is True
    assert sorted(os.listdir(tmp_path / "here/sealed-result")) == ["1", "2"]


def test_simulate_takes_every_kind_of_input(cache: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('\ufeff{"question": "What is 2+2?", "options": {"max_tokens": 4}}')
    (tmp_path / "data.zip").write_bytes(protect({"prompt": "What is 2+2?"}))
    (tmp_path / "more.txt").write_text('{"max_tokens": 4}')
    ways: list[list[str | Path]] = [
        ["--file", tmp_path / "request.json"],
        ["--protected-data", tmp_path / "data.zip", "--secret", '1={"max_tokens": 4}'],
        ["--protected-data", tmp_path / "data.zip", "--input-file", tmp_path / "more.txt"],
        ["--secret", "7=What is 2+2?"],
        ["--bulk", tmp_path / "data.zip", tmp_path / "data.zip"],
    ]
    for way in ways:
        done = app(cache, "simulate", "--json", "--args", f"--model {SMALL}" if way[0] == "--file" else ARGS, *way)
        assert done.returncode == 0, done.stderr
        shown = json.loads(done.stdout)
        assert shown["verified"] is True
        assert shown["trusted"] is True
        assert shown["result"]["report"]["status"] == "ok", way


def test_an_error_result_is_a_result_and_no_success(cache: dict[str, str]) -> None:
    done = app(cache, "simulate", "--wallet", "0x" + "1" * 40)
    assert done.returncode == 1
    assert done.stdout.startswith("ERROR history.missing")
    assert "hint:" in done.stdout and "verified   yes" in done.stdout
    shown = json.loads(app(cache, "simulate", "--wallet", "0x" + "1" * 40, "--json").stdout)
    assert (shown["verified"], shown["outcome"]) == (True, "error")


def test_the_person_at_the_desk_reads_which_question_it_is(cache: dict[str, str], tmp_path: Path) -> None:
    """By its title on the screen; the result, which may be public, has the number alone."""
    form = {"questionnaire": [["Age?", "number"], ["Which colour?", "select", ["red", "blue"]]], "answers": [8, "green"]}
    (tmp_path / "form.json").write_text(json.dumps(form))
    (tmp_path / "form.zip").write_bytes(protect({name: json.dumps(value) for name, value in form.items()}))
    ways = [["ask", "--file", "form.json"], ["simulate", "--file", "form.json"], ["simulate", "--protected-data", "form.zip"]]
    for way in ways:
        done = app(cache, *way[:-1], tmp_path / way[-1])
        assert done.returncode == 1 and '\nabout      question 2: "Which colour?"' in done.stdout
    bulk = app(cache, "simulate", "--bulk", tmp_path / "form.zip", tmp_path / "form.zip")
    assert '\nitem 2     question 2: "Which colour?"' in bulk.stdout
    shown = json.loads(app(cache, "simulate", "--file", tmp_path / "form.json", "--json").stdout)
    assert shown["about"] == {"about": 'question 2: "Which colour?"'} and "colour" not in json.dumps(shown["result"])


def test_simulate_without_a_secret_says_so(cache: dict[str, str]) -> None:
    done = app(cache, "simulate", "--no-app-secret", "--args", f"{ARGS} Hello?")
    assert done.returncode == 0
    assert "ephemeral" in done.stdout
    pasted = done.stdout.partition("can check it:\n")[2].split()
    checked = app(cache, "verify", "sealed-result/1/result.json", "--signer", pasted[-1])
    assert checked.returncode == 0 and "\nEPHEMERAL:" in checked.stderr


def test_what_is_kept_is_what_was_asked_for(cache: dict[str, str], tmp_path: Path) -> None:
    done = app(cache, "ask", "Hello?", "--model", SMALL, "--max-tokens", "2", "--keep")
    kept = [path for path in (tmp_path / "here/sealed-result/1/iexec_in").iterdir() if path.is_file()]
    assert len(kept) == 1 and b"Hello?" in kept[0].read_bytes() and "KEPT" in done.stdout


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("job", [["ask"], ["code", "--language", "python"]], ids=["ask", "code"])
def test_a_signal_leaves_nothing_behind(
    cache: dict[str, str], tmp_path: Path, number: signal.Signals, times: int, job: list[str]
) -> None:
    # whoever starts the tests may ignore a signal (nohup does SIGHUP), and a child would inherit that
    program = (
        f"import signal, runpy; signal.signal({int(number)}, signal.SIG_DFL); runpy.run_module('app', run_name='__main__')"
    )
    if number == signal.SIGINT:
        program = program.replace("SIG_DFL", "default_int_handler")
    command = [sys.executable, "-c", program, *job, "Write a long story.", "--max-tokens", "2000"]
    child = subprocess.Popen(
        command, env=cache, cwd=tmp_path / "here", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not list((tmp_path / "tmp").glob("*/iexec_in/*")):
        assert child.poll() is None
        time.sleep(0.01)
    children = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    task = Path("/proc") / (children.read_text().split() or ["gone"])[0] if children.exists() else Path("/proc/gone")
    for _ in range(times):
        child.send_signal(number)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 128 + number and b"Traceback" not in stderr
    assert not list((tmp_path / "tmp").iterdir()) and not list((tmp_path / "here").iterdir())
    assert not task.exists()


QUESTION = "What is the capital of France?"
SHORT = ["--model", SMALL, "--max-tokens", "8"]
WAYS: dict[str, tuple[list[str], str | None]] = {
    "words": (["ask", QUESTION, *SHORT], None),
    "options first": (["ask", *SHORT, QUESTION], None),
    "words apart": (["ask", *QUESTION.split()[:3], *SHORT, *QUESTION.split()[3:]], None),
    "after --": (["ask", *SHORT, "--", QUESTION], None),
    "piped": (["ask", *SHORT], QUESTION),
    "piped, by a dash": (["ask", "-", *SHORT], QUESTION),
    "a file": (["ask", "--file", "question.txt", *SHORT], None),
    "with =": (["ask", f"--model={SMALL}", "--max-tokens=8", QUESTION], None),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_every_way_to_ask_asks_the_same(cache: dict[str, str], tmp_path: Path, way: str) -> None:
    args, stdin = WAYS[way]
    (tmp_path / "here/question.txt").write_text(QUESTION)
    done = app(cache, args[0], "--json", *args[1:], stdin=stdin)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)["result"]["report"]["answer"]
    assert "Paris" in answer["text"]
    assert QUESTION not in json.dumps(json.loads(done.stdout))


def test_the_default_model_answers_the_prompt_of_the_help_and_the_demo(cache: dict[str, str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert f"DEMO := {QUESTION}\n" in makefile and QUESTION in app(cache, "--help").stdout
    done = app(cache | {"COLUMNS": "80", "NO_COLOR": "1"}, "ask", QUESTION)
    lines = done.stdout.replace(sys.executable, "python").splitlines()  # where this checkout lies is not ours to shorten
    assert "Paris" in lines[0] and max(map(len, lines)) <= 80 and "\x1b" not in done.stdout


def test_inside_a_task_no_word_is_a_command(desk: Desk) -> None:
    for words in (["ask", QUESTION], ["score", "it"], ["code"]):
        assert desk.run("--max-tokens", "4", *words).report["kind"] == "ask"


def test_the_console_command_is_the_same_program(cache: dict[str, str], tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("sealed-llm")
    assert subprocess.run([ROOT / "dev/make_command.py"], executable=sys.executable, check=True, capture_output=True)

    def run(*args: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *args], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    version = run("--version", environ=cache)
    assert (version.returncode, version.stdout) == (0, f"sealed-llm, version {__version__}\n")
    helped = run("ask", "--help", environ=cache | {"COLUMNS": "80"})
    assert helped.stdout.startswith("Usage: sealed-llm ask [OPTIONS]") and "    sealed-llm ask" in helped.stdout
    assert max(map(len, helped.stdout.splitlines())) <= 80
    nothing = run(environ=cache)
    assert nothing.returncode == 2 and "Usage: sealed-llm [OPTIONS] COMMAND" in nothing.stderr
    asked = run("ask", "Hello?", *SHORT, environ=cache | {"PATH": f"{command.parent}:{cache['PATH']}"})
    assert "\n  sealed-llm verify sealed-result/1/result.json" in asked.stdout
    asked = run("ask", "Hello?", *SHORT, environ=cache)
    assert f"\n  {command} verify sealed-result/2/result.json" in asked.stdout
    task = tmp_path / "task"
    task.mkdir()
    assert run("ask", "x", environ={"IEXEC_OUT": str(task), "IEXEC_IN": str(tmp_path)}).returncode == 0
    assert json.loads((task / "result.json").read_text())["report"]["kind"] == "ask"


def test_a_terminal_s_spinner_is_gone_in_the_end(cache: dict[str, str], tmp_path: Path) -> None:
    """On a real terminal: a line of progress while it runs, none when it is done; on a pipe never one."""
    assert "…" not in app(cache, "ask", "Hello?", *SHORT).stderr
    ours, theirs = pty.openpty()
    for job in (["ask", "Hello?"], ["code", "one()", "--language", "python"]):
        command = [sys.executable, "-m", "app", *job, *SHORT]
        done = subprocess.run(
            command,
            env=cache,
            cwd=tmp_path / "here",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            check=False,
        )
        assert done.returncode in (0, 3)
        shown = os.read(ours, 1 << 20).decode()
        assert re.search(r"(asking the model|writing code) … \d+\.\d s", shown)
        assert re.fullmatch(r"\r *\r", shown[shown.rindex("\r", 0, -1) :]) and b"\xe2\x80\xa6 " not in done.stdout


def test_verify_is_light() -> None:
    heavy = {"llama_cpp", "web3", "eth_account", "jinja2"}
    code = f"import sys; from app.verify.verifier import verify; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_doctor_finds_all_there_and_what_is_missing(cache: dict[str, str]) -> None:
    fine = app(cache, "doctor", "--json")
    assert fine.returncode == 0, fine.stdout
    assert [finding["name"] for finding in json.loads(fine.stdout)] == [
        *("version", "compiler", "engine", "model", "sandbox", "key", "disk", "results")
    ]
    bad = app(cache | {"PATH": "/nowhere", "IEXEC_APP_DEVELOPER_SECRET": "no key"}, "doctor")
    assert bad.returncode == 1
    assert [line for line in bad.stdout.splitlines() if line.startswith("FAIL")] == [
        "FAIL compiler  not found: cc, c++",
        "FAIL key       the app developer secret is not a secp256k1 private key",
    ]
    assert "no key" not in bad.stdout


def test_model_commands(cache: dict[str, str]) -> None:
    listed = app(cache, "model", "list", "--json")
    assert json.loads(listed.stdout)[0]["name"] == "qwen2.5-coder-0.5b-instruct"
    assert app(cache, "model", "path", SMALL).stdout.strip().endswith(".gguf")
    assert app(cache, "model", "check", SMALL).returncode == 0
    unknown = app(cache, "model", "path", "gpt-9")
    assert (unknown.returncode, "model.unknown" in unknown.stderr) == (2, True)


def test_usage_and_colour(cache: dict[str, str]) -> None:
    wrong = app(cache, "frobnicate")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.splitlines() == [
        "sealed-llm: error: no such command 'frobnicate' (usage)",
        "sealed-llm: hint: `python -m app --help` shows what there is",
    ]
    shown = app(cache | {"NO_COLOR": "1"}, "--help")
    assert (shown.returncode, "\x1b" in shown.stdout) == (0, False)


def test_the_key_ceremony(cache: dict[str, str]) -> None:
    made = app(cache, "key", "new")
    secret = made.stdout.strip()
    assert (made.returncode, len(secret)) == (0, 66)
    address = made.stderr.split()[-1]
    environ = cache | {"IEXEC_APP_DEVELOPER_SECRET": secret}
    assert app(environ, "key", "address").stdout.strip() == address
    shown = json.loads(app(environ, "key", "public", "--json").stdout)
    assert shown["address"] == address
    assert {name: len(value) for name, value in shown.items()} == {
        "address": 42,
        "secp256k1_public": 68,
        "secp256k1_sui_address": 66,
        "ed25519_public": 66,
        "ed25519_sui_address": 66,
    }
    assert secret[2:] not in json.dumps(shown)
    command = [sys.executable, "-m", "app", "key", "address"]
    piped = subprocess.run(command, input=secret + "\n", env=cache, capture_output=True, text=True, check=False, cwd=ROOT)
    assert piped.stdout.strip() == address
    bad = app(cache | {"IEXEC_APP_DEVELOPER_SECRET": "no key"}, "key", "public")
    assert (bad.returncode, "key.invalid" in bad.stderr, "no key" in bad.stderr) == (2, True, False)
    simulated = app(cache, "key", "address", "--simulation").stdout.strip()
    assert simulated != address and json.loads(app(cache, "key", "address", "--simulation", "--json").stdout) == {
        "address": simulated
    }
    assert app(cache, "key", "new").stdout != made.stdout
