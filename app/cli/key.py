"""The commands below `key`. Only `new` ever shows a secret, and only on stdout."""

from __future__ import annotations

import json
import os
import sys

import click

from app.cli.base import Group, say


@click.group(cls=Group)
def key() -> None:
    """Make an app secret, and show the public side of one.

    `address` and `public` read the secret from IEXEC_APP_DEVELOPER_SECRET, or from standard input.
    """


@key.command("new")
def key_new() -> None:
    """Print a fresh app secret: the string for `iexec app push-secret`.

    \b
    Keep it from the shell history and off the disk:
      sealed-llm key new | (umask 077; cat > secret.txt)
      sealed-llm key public < secret.txt
    """  # noqa: D301  click wants the character itself
    from app.crypto.signing import new_key

    fresh = new_key()
    say("0x" + fresh.secret.hex())
    say(f"signs as {fresh.address}", err=True)


@key.command("address")
@click.option("--simulation", is_flag=True, help="Use this machine's simulation key instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def key_address(*, simulation: bool, as_json: bool) -> None:
    """Print the address that signs with the app secret."""
    from app.crypto.signing import load_key
    from app.simulate.worker import simulation_key

    address = load_key(simulation_key() if simulation else _secret()).address
    say(json.dumps({"address": address}) if as_json else address)


@key.command("public")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def key_public(*, as_json: bool) -> None:
    """Print addresses and public keys, for EVM chains and for Sui."""
    from app.crypto import sui
    from app.crypto.signing import load_key

    loaded = load_key(_secret())
    _, secp256k1 = sui.sign_secp256k1(loaded.secret, b"")
    _, ed25519 = sui.sign_ed25519(sui.ed25519_seed(loaded.secret), b"")
    shown = {
        "address": loaded.address,
        "secp256k1_public": "0x" + secp256k1.hex(),
        "secp256k1_sui_address": sui.sui_address(sui.SECP256K1_FLAG, secp256k1),
        "ed25519_public": "0x" + ed25519.hex(),
        "ed25519_sui_address": sui.sui_address(sui.ED25519_FLAG, ed25519),
    }
    say(json.dumps(shown, indent=1) if as_json else "\n".join(f"{name:<24} {value}" for name, value in shown.items()))


def _secret() -> str:
    """Return the app secret. It is never taken from the command line, which the process list and the shell history show."""
    named = os.environ.get("IEXEC_APP_DEVELOPER_SECRET")
    if named is None and sys.stdin.isatty():
        raise click.UsageError("set IEXEC_APP_DEVELOPER_SECRET, or give the secret on standard input")
    return sys.stdin.readline(4_096) if named is None else named
