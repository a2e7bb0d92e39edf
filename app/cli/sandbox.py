"""The commands below `sandbox`."""

from __future__ import annotations

import click

from app.cli.base import Group, say


@click.group(cls=Group)
def sandbox() -> None:
    """Make and check the guest that snippets are tested in."""


@sandbox.command("build", short_help="Make the guest and embed it beside the code.")
@click.option("--copy", is_flag=True, help="Embed a copy instead of a link (for an image).")
@click.option("--pin", is_flag=True, help="Build it again and write its digests to app/sandbox/guest.toml.")
def sandbox_build(*, copy: bool, pin: bool) -> None:
    """Fetch CPython, compile and start it (half a minute), embed the result beside the code."""
    from app.build.fetch import embed
    from app.build.guest import build
    from app.sandbox.guest import GUEST

    say(embed(GUEST, build(pin=pin), copy=copy))


@sandbox.command("check")
def sandbox_check() -> None:
    """Check every byte of the embedded guest."""
    from app.sandbox.guest import catalogue, load_guest

    load_guest()
    say(f"OK: {catalogue().build.sha256}  guest.bin", err=True)


@sandbox.command("modules")
def sandbox_modules() -> None:
    """List the modules that snippets and tests can import."""
    from app.sandbox.sandbox import Sandbox

    say("\n".join(Sandbox().modules))
