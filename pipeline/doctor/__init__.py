"""Whether an installation is well: each thing that a letter needs, looked at, with its remedy.

A file is a family of checks, a function a check: it takes the Patient and yields Findings, nothing where it
does not apply. A new one is a copy with other words, named in its file's CHECKS. It may raise: rounds.py
makes a finding of whatever comes. `records/` reads what stands in the DNS, `lookup.py` asks for it.

Why no library does the DNS part: checkdmarc, the one that knows RFC 9989, checks no DKIM, and brings a public
suffix list, HTTP clients and a parser generator; what is needed of it is five small files over dnspython.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import ConfigError
from pipeline.core.settings import file_of, load
from pipeline.doctor.finding import Finding, error, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Examined(NamedTuple):
    """What was found, and, where they were asked for, the lines of a zone file that would help."""

    findings: list[Finding]
    hints: list[str]


def examine(
    path: Path | None,
    progress: Callable[[int, int], None],
    *,
    with_hints: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Examined:
    """Look at the installation that a configuration describes. Changes nothing, takes half a minute at most.

    A configuration that cannot be read is a finding, and the only one.
    """
    try:
        config, folder = load(path, environment)
    except ConfigError as fault:
        return Examined([error("configuration", fault.message, fault.remedy)], [])
    from pipeline.doctor import (
        configuration,
        database,
        dkim,
        dmarc,
        feeds,
        headers,
        machine,
        mx,
        pages,
        sendgrid,
        signing,
        smtp,
        spf,
    )
    from pipeline.doctor.context import Patient
    from pipeline.doctor.hints import hints
    from pipeline.doctor.runner import make_rounds

    families = (
        configuration, signing, database, machine, feeds,
        sendgrid, smtp, pages, headers, spf, dkim, dmarc, mx,
    )  # fmt: skip
    checks = [check for family in families for check in family.CHECKS]
    patient = Patient.admit(config, folder, environment)
    try:
        read = ok("configuration", f"{file_of(path, environment)} is right.")
        return Examined([read, *make_rounds(checks, patient, progress)], hints(patient) if with_hints else [])
    finally:
        patient.close()
