"""The command run: the whole job, for every digest that is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.edition import destination_of, digest_named, edition_document
from pipeline.cli.options import Options, Progress, common, warnings
from pipeline.core.destination import Destination
from pipeline.core.errors import UsageError
from pipeline.core.words import sentence
from subscribers import clock, times

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.schedule.result import RunResult


@click.command()
@click.argument("digest", required=False)
@click.option("--now", "at_once", is_flag=True, help="Treat the digest as due.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; do nothing.")
@click.option("--at", metavar="TIME", help="With --dry-run: at another time, such as 2026-11-26T09:00.")
@common
@click.pass_obj
def run(options: Options, digest: str | None, at_once: bool, dry_run: bool, at: str | None) -> int:
    """Do the whole job for every digest that is due: pull, compose, check, approval, send.

    Meant for cron, as often as you like: it says when a digest is due next, sends each edition once, and
    goes on with one that was interrupted. Exit status 1 when a digest failed.
    """
    from pipeline.schedule.idle import nothing_due

    if at and not dry_run:
        raise UsageError("--at goes with --dry-run.", "Add --dry-run, or leave --at out.")
    config, folder = options.load()
    digests = [digest_named(config, digest)] if digest else config.digests
    idle = nothing_due(config, folder, digests) if not (dry_run or at_once) else None
    if idle is not None:
        _print(options, config, [_document(one, None) for one in idle])
        return 0
    # Not above: most runs find nothing due, and come no further.
    from pipeline.core.app import Installation

    with Installation.of(config, folder) as installation:
        if dry_run:
            from pipeline.schedule.foresee import foresee

            ran = foresee(installation, digests, at_once=at_once, at=_moment(at, config))
        else:
            from pipeline.schedule.run import run as run_digests

            progress = Progress(Destination.of(config.delivery).working)
            ran = run_digests(installation, digests, at_once=at_once, progress=progress)
        documents = [_document(one, _edition(installation, one)) for one in ran]
    # What went wrong was logged: cron mails both outputs, and nobody wants to read it twice.
    logged = {one.digest for one in ran if one.went_wrong} if not dry_run else set()
    _print(options, config, documents, dry_run=dry_run, logged=logged)
    return 1 if any(one.went_wrong for one in ran) else 0


def _print(
    options: Options,
    config: Config,
    documents: list[dict[str, Any]],
    *,
    dry_run: bool = False,
    logged: Collection[str] = (),
) -> None:
    told = [one | {"reason": ""} if one["digest"] in logged else one for one in documents]
    lines = [_told(config, one, dry_run) for one in told]
    options.print({"digests": documents}, *lines, warnings=warnings(config))


def _edition(installation: Installation, ran: RunResult) -> dict[str, Any] | None:
    return edition_document(installation, ran.edition) if ran.edition is not None else None


def _moment(at: str | None, config: Config) -> datetime:
    from datetime import datetime

    if at is None:
        return clock.now()
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise UsageError(f"--at: {at} is no time.", "Write it like 2026-11-26T09:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=config.newsletter.zone)


def _document(ran: RunResult, edition: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "digest": ran.digest,
        "outcome": ran.outcome,
        "edition": edition,
        "reason": ran.reason,
        "next_due": ran.next_due,
    }


def _told(config: Config, document: dict[str, Any], dry_run: bool) -> str:
    edition, reason, outcome = document["edition"], document["reason"], document["outcome"]
    goes = destination_of(config, edition) if edition else Destination.of(config.delivery)
    said = outcome.replace("_", " ")
    if dry_run:
        said = goes.foreseen if outcome == "sent" else f"would be {said}"
    elif outcome == "sent":
        said = goes.done
    if edition and outcome == "sent" and not dry_run:
        counts = edition["recipients"]
        said += f" ({edition['slug']}: {counts['sent']:,} of {counts['total']:,})"
    elif edition:
        said += f" ({edition['slug']})"
    told = sentence(f"{document['digest']}: {said}{f': {reason}' if reason else ''}")
    due = times.local(document["next_due"], config.newsletter.zone)
    parts = [told, *([] if due in told else [f"Next due {due}."])]
    if edition and outcome != "sent" and not goes.mails:
        parts.append(sentence(goes.aside))
    return " ".join(parts)
