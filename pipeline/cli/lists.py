"""The whole list, for staff: imported, exported, and brought up to what the provider suppresses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.edition import digest_named
from pipeline.cli.options import Options, Progress, common, plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.app import Installation
    from pipeline.core.config import Config


def of_digests(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option to name digests."""
    return click.option(
        "--digest", "digests", multiple=True, help="Only this digest (repeatable). [default: all]"
    )(command)


def named_digests(config: Config, named: tuple[str, ...]) -> list[str]:
    """The digests that were named, or all. Raises UsageError for one that is not in the configuration."""
    chosen = [digest_named(config, name) for name in named] or config.digests
    return [digest.name for digest in chosen]


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--consent", metavar="TEXT", required=True, help="What they agreed to, when and where.")
@click.option(
    "--refused",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where refused rows go. [default: FILE.refused.csv]",
)
@click.option("--dry-run", is_flag=True, help="Count, and change nothing.")
@click.option(
    "--ignore-column",
    "ignored",
    metavar="NAME",
    multiple=True,
    help="This column does not say who may be mailed (repeatable).",
)
@click.option(
    "--status-column",
    "mailable",
    metavar="NAME=VALUE,…",
    multiple=True,
    help="This column says who may be mailed: those with one of these values (repeatable).",
)
@of_digests
@common
@click.pass_obj
def import_(
    options: Options,
    file: Path,
    consent: str,
    refused: Path | None,
    dry_run: bool,
    ignored: tuple[str, ...],
    mailable: tuple[str, ...],
    digests: tuple[str, ...],
) -> None:
    """Add everyone in FILE: CSV as Mailchimp, Substack, Ghost, Kit, Buttondown, beehiiv, listmonk, MailPoet,
    Constant Contact, Wix or Rapport export it, with the columns email and name, or an address a line.

    Who had unsubscribed stays unsubscribed, and who bounced or complained gets nothing here either. A column
    that may say who left, and that Rapport does not know, ends the import before anybody is added: say with
    --ignore-column or --status-column what it is. Rows that cannot be taken go to a file of their own, each
    with the reason. Importing the same file again changes nothing.
    """
    from dataclasses import asdict

    from subscribers.importing.answers import read_answers
    from subscribers.importing.run import import_csv

    answers = read_answers(ignored, mailable)
    # One import at a time: two would wait for each other's people on PostgreSQL.
    with options.open() as installation, installation.database.lock("import"):
        database = installation.database
        result = import_csv(
            database.read if dry_run else database.write,
            file,
            digests=named_digests(installation.config, digests),
            wording=consent,
            source=f"import of {file.name}",
            refused_path=refused,
            progress=Progress("Importing"),
            dry_run=dry_run,
            answers=answers,
        )
    said = (
        f"{plural(result.read, 'row')} read: {result.added:,} added, {result.changed:,} changed, "
        f"{result.unchanged:,} unchanged, {result.refused:,} refused"
    )
    lines = [said + (" (dry run: nothing was changed)" if dry_run else "")]
    if result.unused_columns:
        lines.append(f"Columns not used: {', '.join(result.unused_columns)}")
    if result.uncertain_dates:
        dates = plural(result.uncertain_dates, "person", "people")
        lines.append(f"The proof of {dates} holds a date as the list has it, whose day is not certain.")
    if result.refused_file:
        lines.append(f"The refused rows and why: {result.refused_file}")
    options.print(asdict(result), *lines)


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there. [default: stdout]")
@click.option("--log", is_flag=True, help="Say who took the list out so far, and when; export nothing.")
@common
@click.pass_obj
def export(options: Options, out: Path | None, log: bool) -> None:
    """Print everyone as CSV, one row a subscription, with the proof that they asked for it.

    Addresses that must get no mail are in it, with the reason. Each export is put on record.
    """
    from contextlib import nullcontext

    from subscribers.export import export_csv
    from subscribers.files import written_whole
    from subscribers.staff_log import user

    with options.open() as installation:
        database = installation.database
        if log:
            _print_exports(options, installation)
            return
        with written_whole(out) if out else nullcontext(sys.stdout) as file:
            what = f"the list, to {out.name}" if out else "the list, to standard output"
            rows = export_csv(database.read, database.write, file, who=user(), what=what)
    if out:
        click.echo(f"Wrote {plural(rows, 'row')} to {out}.", err=True)


def _print_exports(options: Options, installation: Installation) -> None:
    from dataclasses import asdict

    from subscribers import times
    from subscribers.export import history

    zone = installation.config.newsletter.zone

    with installation.database.read() as connection:
        found = history(connection)
    document = [asdict(one) | {"at": times.iso(one.at)} for one in found]
    lines = [
        f"{times.moment(one.at, zone)}: {one.who} took {one.what}, "
        f"{'not to its end' if one.people is None else plural(one.people, 'person', 'people')}"
        for one in found
    ]
    options.print({"exports": document}, *(lines or ["The list was never exported."]))


@click.command()
@common
@click.pass_obj
def sync(options: Options) -> None:
    """Take over whom SendGrid mails no more: bounces, spam reports, unsubscribes.

    Safe to repeat. Who signed up anew after they left, and whom staff let back in, stays.
    """
    from dataclasses import asdict

    from pipeline.delivery.suppression_sync import sync as take_over

    with options.open() as installation:
        synced = take_over(installation, Progress("Reading lists"))
    lines = [
        f"SendGrid's lists: {synced.bounced:,} bounced, {synced.complained:,} complained, "
        f"{synced.unsubscribed:,} unsubscribed; {synced.new:,} of them new here"
    ]
    if synced.unreadable:
        lines.append(f"{plural(synced.unreadable, 'entry', 'entries')} could not be read as an address.")
    options.print(asdict(synced), *lines)
