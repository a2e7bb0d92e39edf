"""The command line as a person meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.simulate.protect import protect
from tests.support import ROOT, SECRET, SIGNER, SMALL

ARGS = f"--model {SMALL} --max-tokens 8"


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "SEALED_LLM_CACHE": str(tmp_path / "cache")}


def app(environ: dict[str, str], *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, args)], env=environ, capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_simulate_shows_answer_digest_and_verdict(cache: dict[str, str], tmp_path: Path) -> None:
    done = app(cache, "simulate", "--prompt", "What is the capital of France?", "--args", ARGS, "--out", tmp_path / "task")
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert "verified  yes" in done.stdout
    assert sorted(os.listdir(tmp_path / "task/iexec_out")) == ["computed.json", "result.json", "timings.json"]
    again = app(cache, "simulate", "--prompt", "What is the capital of France?", "--args", ARGS, "--out", tmp_path / "again")
    assert again.returncode == 0
    assert (tmp_path / "task/iexec_out/result.json").read_bytes() == (tmp_path / "again/iexec_out/result.json").read_bytes()
    refused = app(cache, "simulate", "--prompt", "x", "--out", tmp_path / "task")
    assert refused.returncode == 1
    assert "not empty" in refused.stderr


def test_simulate_takes_every_kind_of_input(cache: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"question": "What is 2+2?", "options": {"max_tokens": 4}}')
    (tmp_path / "data.zip").write_bytes(protect({"email": "What is 2+2?"}))
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


def test_simulate_reports_an_error_result_as_a_result(cache: dict[str, str]) -> None:
    done = app(cache, "simulate", "--wallet", "0x" + "1" * 40)
    assert done.returncode == 0
    assert "error history.missing" in done.stdout
    assert "hint:" in done.stdout


def test_simulate_without_a_secret_says_so(cache: dict[str, str]) -> None:
    done = app(cache, "simulate", "--no-app-secret", "--args", f"{ARGS} Hello?")
    assert done.returncode == 0
    assert "ephemeral" in done.stdout


@pytest.mark.parametrize(
    "args",
    [["x.zip"], ["--prompt", "a", "--bulk"], ["--secret", "0=a"], ["--secret", "a"]],
    ids=["files without --bulk", "two inputs", "secret 0", "secret without a number"],
)
def test_simulate_refuses_odd_wishes(cache: dict[str, str], tmp_path: Path, args: list[str]) -> None:
    (tmp_path / "x.zip").touch()
    done = app(cache, "simulate", *[str(tmp_path / arg) if arg == "x.zip" else arg for arg in args])
    assert done.returncode == 1
    assert "app: error:" in done.stderr
    assert "app: hint:" in done.stderr


def test_verify_says_one_line(cache: dict[str, str], tmp_path: Path) -> None:
    environ = cache | {"IEXEC_APP_DEVELOPER_SECRET": SECRET}
    assert app(environ, "simulate", "--args", f"{ARGS} Hello?", "--out", tmp_path / "task").returncode == 0
    path = tmp_path / "task/iexec_out/result.json"
    good = app(cache, "verify", path, "--signer", SIGNER)
    assert (good.returncode, good.stderr.count("\n"), good.stderr[:3]) == (0, 1, "OK:")
    wrong = app(cache, "verify", path, "--signer", "0x" + "1" * 40)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "result.wrong_signer" in wrong.stderr
    path.write_bytes(path.read_bytes().replace(b'"ok"', b'"error"'))
    altered = app(cache, "verify", path, "--signer", SIGNER, "--json")
    assert altered.returncode == 1
    assert json.loads(altered.stdout)["code"] == "result.hash_mismatch"
    gone = app(cache, "verify", tmp_path / "no.json", "--signer", SIGNER)
    assert (gone.returncode, "result.unreadable" in gone.stderr) == (1, True)


def test_verify_is_light() -> None:
    heavy = {"llama_cpp", "web3", "eth_account", "jinja2"}
    code = f"import sys; from app.verify import verify; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_doctor_finds_all_there_and_what_is_missing(cache: dict[str, str]) -> None:
    fine = app(cache, "doctor", "--json")
    assert fine.returncode == 0, fine.stdout
    assert [finding["name"] for finding in json.loads(fine.stdout)] == ["compiler", "engine", "model", "sandbox", "key", "disk"]
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
    assert (unknown.returncode, "model.unknown" in unknown.stderr) == (69, True)


def test_usage_and_colour(cache: dict[str, str]) -> None:
    assert app(cache, "frobnicate").returncode == 2
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
    assert (bad.returncode, "key.invalid" in bad.stderr, "no key" in bad.stderr) == (70, True, False)
    assert app(cache, "key", "new").stdout != made.stdout
