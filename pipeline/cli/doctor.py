"""The command doctor."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, Progress, common, plural
from pipeline.core.errors import UsageError

if TYPE_CHECKING:
    from pipeline.core.finding import Finding


@click.command()
@click.option("--fix-hints", is_flag=True, help="Also print the DNS records to set, as lines of a zone file.")
@click.option(
    "--mail",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Instead, look at a letter or test copy that arrived, saved as a file (.eml).",
)
@common
@click.pass_obj
def doctor(options: Options, fix_hints: bool, mail: Path | None) -> int:
    """Look whether letters would go out, arrive, and could be left; say of each finding what to do.

    It checks configuration, secrets, database, clock, disk, feeds, the provider's key and account, the public
    address, and the sender's SPF, DKIM, DMARC and MX. It mails nobody and changes nothing. Exit status 1 when
    there is an error.

    With --mail it looks at what arrived instead: whether the signature covers the headers of one-click
    unsubscribe, and what the receiver found of SPF, DKIM and DMARC.
    """
    if mail is not None:
        from pipeline.doctor.arrived.checks import examine as examine_mail

        if fix_hints:
            raise UsageError("--mail looks at a file alone.", "Leave --fix-hints out.")
        return _report(options, examine_mail(mail))
    from pipeline.doctor import examine

    findings, hints = examine(options.config, Progress("Examining"), with_hints=fix_hints)
    return _report(options, findings, hints if fix_hints else None)


def _report(options: Options, findings: list[Finding], hints: list[str] | None = None) -> int:
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
    if hints is not None:
        document["fix_hints"] = hints
    options.print(document, *lines, told, *([] if hints is None else ["", *hints]))
    return 1 if counted["error"] else 0


def _document(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "level": finding.level,
        "message": finding.message,
        "remedy": finding.remedy,
    }
