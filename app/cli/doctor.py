"""`doctor` and `schema`. Thin."""

from __future__ import annotations

import json

import click

from app.base.errors import EXIT_OK, EXIT_REFUSED
from app.cli.base import Command, say


@click.command(cls=Command)
@click.option("--check", is_flag=True, help="Only say whether the files are up to date.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def schema(*, check: bool, as_json: bool) -> int:
    """Write the JSON Schemas of requests and results to schema/."""
    from app.build.schema import write

    found = {str(path): changed for path, changed in write(check=check)}
    if as_json:
        say(json.dumps({path: "differs" if changed else "up to date" for path, changed in found.items()}, indent=1))
    for path, changed in found.items():
        say(f"{'differs' if check and changed else 'written' if changed else 'up to date'}: {path}", err=True)
    return EXIT_REFUSED if check and any(found.values()) else EXIT_OK


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
