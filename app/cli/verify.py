"""The command `verify`: check whether a result is genuine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from app.base.errors import EXIT_REFUSED, AppError, ChainError, ModelError, SandboxError, UsageError
from app.cli.base import Command, say
from app.cli.order import FILE
from app.formats.hex_words import WORD

if TYPE_CHECKING:
    from app.verify.checklist import Asked
    from app.verify.on_chain import OnChain
    from app.verify.verifier import Verified


class _Checks(TypedDict):
    signer: str
    model_name: str | None
    request_file: Path | None
    replay: bool
    task: str | None
    rpc: str | None
    app: str | None
    hub: str | None


@dataclass(frozen=True, slots=True)
class _Chain:
    task: str
    rpc: str
    app: str
    hub: str | None


@click.command(cls=Command, short_help="Check a result, and say what was checked.")
@click.argument("result", type=FILE)
@click.option("--signer", required=True, metavar="0x…", help="The address that you trust; it must be the signer.")
@click.option("--model", "model_name", metavar="NAME|SHA256", help="The model you expect.")
@click.option("--request", "request_file", type=FILE, metavar="JSON", help="The request with its salt, to open the commitment.")
@click.option("--replay", is_flag=True, help="Run the request again and compare the answer byte for byte.")
@click.option("--task", metavar="0x…", help="Compare with this task on chain; needs --rpc and --app.")
@click.option("--rpc", metavar="URL", help="A JSON-RPC endpoint of the chain.")
@click.option("--app", metavar="0x…", help="The app that you expect the deal to be for.")
@click.option("--hub", metavar="0x…", help="The PoCo hub, if it is not that of Arbitrum One or Sepolia.")
@click.option("--receipt", is_flag=True, help="Print an in-toto statement about the result.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def verify(result: Path, *, as_json: bool, receipt: bool, **checks: Unpack[_Checks]) -> int:
    """Check a result: schema, hashes, signature, signer, and further options.

    RESULT is result.json, its folder, or the zip that iExec delivers; - is
    standard input. The list of checks, made and not made, goes to stderr.

    Exit code 0: genuine, whatever its status; 1: refused; 2: a mistake in what
    was typed; 69: the chain or the model needed for it is out of reach.

    \b
    Examples:
      sealed-llm verify result.json --signer 0x…
      sealed-llm verify 0xTASK.zip --signer 0x…
      sealed-llm verify result.json --signer 0x… \\
        --request request.json --replay
    """  # noqa: D301  click wants the character itself
    from app.result.score_signatures import origins
    from app.verify import checklist
    from app.verify import receipt as in_toto

    try:
        verified, asked = _verify(result, checks)
    except UsageError:
        raise
    except AppError as err:
        return _refuse(result, err, as_json=as_json)
    report = verified.result.report
    done, left = checklist.checked(verified, asked), checklist.unchecked(verified, asked)
    if receipt:
        say(json.dumps(in_toto.receipt(verified, asked.on_chain), indent=1))
    elif as_json:
        shown = {
            "verified": True,
            "version": report.version,
            "status": report.status,
            "kind": report.kind,
            "signer": verified.signer,
        }
        shown |= {"key_origin": report.key_origin, "embedded": report.outside_model is None, "sha256": verified.sha256}
        if scores := origins(report):
            shown |= {"scores": scores}
        say(json.dumps(shown | {"checked": dict(done), "not_checked": dict(left)}, indent=1))
    lines = [f"OK: {result}: genuine, status {report.status}, signed by {verified.signer}", *checklist.aloud(report)]
    if not as_json:
        lines[0] = lines[0].replace("signed by ", "signed by\n    ")
        lines += ["checked", *(f"  {number} {name:<10} {what}" for number, (name, what) in enumerate(done, 1))]
        lines += ["not checked", *(f"  - {name:<10} {what}" for name, what in left)]
    say("\n".join(lines), err=True)
    return 0


def _refuse(result: Path, err: AppError, *, as_json: bool) -> int:
    """Print why the result is refused on stderr, and with --json also on stdout; return the exit code."""
    from app.verify.checklist import STEPS

    unknown = isinstance(err, ChainError | ModelError | SandboxError)
    step = "chain" if isinstance(err, ChainError) else STEPS.get(err.code)
    if as_json:
        shown = {"verified": False, "step": step, "code": err.code, "message": err.message, "hint": err.hint}
        say(json.dumps(shown, indent=1))
    place = f"at the step {step}: " if step else ""
    say(f"{'UNKNOWN' if unknown else 'REFUSED'}: {result}: {place}{err}", err=True)
    if not as_json:
        say(f"hint: {err.hint}", err=True)
    return err.exit_code if unknown else EXIT_REFUSED


def _verify(result: Path, checks: _Checks) -> tuple[Verified, Asked]:
    """Return the result and which checks it passed. Raises `UsageError` for mistakes in the command, else `AppError`."""
    from app.desk import typed
    from app.verify import verifier as verifying
    from app.verify.checklist import Asked
    from app.verify.delivered_file import read_delivered

    signer, model_name, request_file, replay = checks["signer"], checks["model_name"], checks["request_file"], checks["replay"]
    typed.address(signer, "--signer")
    if replay and request_file is None:
        raise UsageError("usage", "--replay needs --request: a result never holds the request")
    chain = _chain(checks)
    sha256 = None if model_name is None else typed.model_sha256(model_name)
    fields = None if request_file is None else _request(request_file)
    data = read_delivered(result)
    verified = verifying.verify(data, signer, model_sha256=sha256)
    on_chain = None if chain is None else _on_chain(verified, data, chain)
    opened = False
    if fields is not None:
        # without a salt there is no commitment to open, and a replay that gives the same answer shows more anyway
        opened = not replay or verified.result.report.request.commitment is not None
        _open(verified, fields, opened=opened, replay=replay)
    return verified, Asked(sha256 is not None, fields is not None, opened, replay, on_chain)


def _open(verified: Verified, fields: dict[str, Any], *, opened: bool, replay: bool) -> None:
    from app.request.parse import parse
    from app.verify import verifier as verifying

    request = verifying.open_commitment(verified, fields) if opened else parse(fields)[0]
    if replay:
        from app.verify.replay import replay as run_again

        run_again(verified, request)


def _chain(checks: _Checks) -> _Chain | None:
    """Return the options about the chain, None if none is given. Raises `UsageError` if they do not belong together."""
    from app.desk import typed

    task, rpc, app, hub = checks["task"], checks["rpc"], checks["app"], checks["hub"]
    if task is None:
        for name, value in (("--rpc", rpc), ("--app", app), ("--hub", hub)):
            if value is not None:
                raise UsageError("usage", f"{name} has no effect without --task")
        return None
    if rpc is None or app is None:
        raise UsageError("usage", "--task needs --rpc URL and --app 0x…")
    if not WORD.fullmatch(task):
        raise UsageError("usage", "--task is not a task id of 0x and 64 hex digits")
    typed.address(app, "--app")
    typed.address(hub or app, "--hub")
    return _Chain(task, rpc, app, hub)


def _on_chain(verified: Verified, data: bytes, chain: _Chain) -> OnChain:
    from app.verify.on_chain import check_task, connect

    return check_task(verified, data, connect(chain.rpc, chain.hub), chain.task, chain.app)


def _request(path: Path) -> dict[str, Any]:
    """Return the fields of a request file, all of them known. Raises `UsageError` with the names of unknown ones."""
    from app.base.limits import LIMITS
    from app.desk import own_files, typed

    fields = own_files.json_object(path, LIMITS.dataset_bytes)
    typed.known_fields(fields, str(path))
    return fields
