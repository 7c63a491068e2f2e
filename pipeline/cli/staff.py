"""The commands on staff: what they decided."""

from __future__ import annotations

from dataclasses import asdict

import click

from pipeline.cli.group import Group
from pipeline.cli.options import Options, common


@click.group(cls=Group)
@common
def staff() -> None:
    """Look after who looks after the letter."""


@staff.command()
@common
@click.pass_obj
def log(options: Options) -> None:
    """Say who decided what, newest first: approvals, holds, erasures, exports and the like.

    Who: one of staff by the address that a draft's link was mailed to, or a user of this machine. Nothing in
    it can be changed or taken out, and no reader's address is in it.
    """
    from subscribers import staff_log, times

    with options.open() as installation, installation.database.read() as connection:
        found = staff_log.entries(connection)
    document = [asdict(one) | {"at": times.iso(one.at)} for one in found]
    zone = installation.config.newsletter.zone
    lines = [
        " ".join(
            filter(None, (times.moment(one.at, zone), f"{one.actor}:", one.action, one.about, one.detail))
        )
        for one in found
    ]
    options.print({"log": document}, *(lines or ["Nobody has decided anything yet."]))
