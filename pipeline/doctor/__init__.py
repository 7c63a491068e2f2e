"""Whether an installation is well: everything that a letter needs is checked; what is wrong has a remedy.

A file holds a family of checks, and a function is a check: it takes the Context and yields Findings, none
where it does not apply. To add one, copy one and name it in its file's CHECKS. A check may raise: runner.py
makes a finding of every error. `dns.py` asks the DNS, and `records/` reads what it answers.

No library does the DNS part: checkdmarc, the one that knows RFC 9989, does not check DKIM, and depends on a
public suffix list, HTTP clients and a parser generator. What is needed are five small files over dnspython.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import ConfigError
from pipeline.core.finding import Finding, error, ok
from pipeline.core.settings import file_of, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.core.config import Config


class Examined(NamedTuple):
    """The findings, and the lines of a zone file that would help, where they were asked for."""

    findings: list[Finding]
    hints: list[str]


def examine(
    path: Path | None,
    progress: Callable[[int, int], None],
    *,
    with_hints: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Examined:
    """Examine the installation that a configuration describes. Changes nothing, takes half a minute at most.

    A configuration that cannot be read is a finding, and the only one.
    """
    try:
        config, folder = load(path, environment)
    except ConfigError as fault:
        return Examined([error("configuration", fault.message, fault.remedy)], [])
    read = ok("configuration", f"{file_of(path, environment)} is right.")
    found = examine_opened(config, folder, environment, progress, with_hints=with_hints)
    return Examined([read, *found.findings], found.hints)


def examine_opened(
    config: Config,
    folder: Path,
    environment: Mapping[str, str],
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    with_hints: bool = False,
) -> Examined:
    """The same of a configuration that was read already."""
    from pipeline.doctor import (
        channels,
        configuration,
        database,
        digests,
        dkim,
        dmarc,
        feeds,
        files,
        headers,
        machine,
        mx,
        pages,
        sendgrid,
        signing,
        smtp,
        spf,
        staff,
    )
    from pipeline.doctor.context import Context
    from pipeline.doctor.hints import hints
    from pipeline.doctor.runner import run_checks

    families = (
        configuration, signing, database, digests, machine, files, staff, feeds,
        sendgrid, smtp, pages, headers, spf, dkim, dmarc, mx, channels,
    )  # fmt: skip
    checks = [check for family in families for check in family.CHECKS]
    context = Context.open(config, folder, environment)
    try:
        return Examined(run_checks(checks, context, progress), hints(context) if with_hints else [])
    finally:
        context.close()
