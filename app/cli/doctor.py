"""The command `doctor`."""

from __future__ import annotations

import json

import click

from app.base.errors import EXIT_OK, EXIT_REFUSED
from app.cli.base import Command, say


@click.command(cls=Command, short_help="Name what is missing here: compiler, engine, model, key, disk.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
def doctor(*, as_json: bool) -> int:
    """Name what is missing here: compiler, engine, model, sandbox, key, disk.

    Also says which version this is, and where results go.
    """
    from dataclasses import asdict

    from app.build.doctor import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            say(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name:<9} {finding.says}")
            if finding.hint:
                say(f"     hint: {finding.hint}")
    if as_json:
        say(json.dumps([asdict(finding) for finding in findings], indent=1))
    return EXIT_OK if all(finding.ok for finding in findings) else EXIT_REFUSED
