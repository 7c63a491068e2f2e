"""The command doctor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, Progress, common, plural

if TYPE_CHECKING:
    from pipeline.core.finding import Finding


@click.command()
@click.option("--fix-hints", is_flag=True, help="Also print the DNS records to set, as lines of a zone file.")
@common
@click.pass_obj
def doctor(options: Options, fix_hints: bool) -> int:
    """Look whether letters would go out, arrive, and could be left; say of each finding what to do.

    It checks configuration, secrets, database, clock, disk, feeds, the provider's key and account, the public
    address, and the sender's SPF, DKIM, DMARC and MX. It mails nobody and changes nothing. Exit status 1 when
    there is an error.
    """
    from pipeline.doctor import examine

    findings, hints = examine(options.config, Progress("Examining"), with_hints=fix_hints)
    lines = []
    for finding in findings:
        lines.append(f"{finding.level:<8} {finding.name}: {finding.message}")
        if finding.remedy:
            lines.append(f"{'':8} {finding.remedy}")
    counted = Counter(finding.level for finding in findings)
    told = (
        f"{plural(counted['error'], 'error')}, {plural(counted['warning'], 'warning')}, {counted['ok']} ok."
    )
    document: dict[str, Any] = {"checks": [_document(finding) for finding in findings]}
    if fix_hints:
        document["fix_hints"] = hints
    options.print(document, *lines, told, *(["", *hints] if fix_hints else []))
    return 1 if counted["error"] else 0


def _document(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "level": finding.level,
        "message": finding.message,
        "remedy": finding.remedy,
    }
