"""The list, for staff: add, import, look up, end, count."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, Progress, common, plural
from pipeline.errors import RapportError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.config import Config
    from pipeline.installation import Installation
    from subscribers.people import Person


@click.group()
@common
def subscribers() -> None:
    """Look after the list: who gets the letter, and the proof that they asked for it."""


def _of_digests(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--digest", "digests", multiple=True, help="Only this digest (repeatable). [default: all]"
    )(command)


def _chosen(config: Config, named: tuple[str, ...]) -> list[str]:
    known = [digest.name for digest in config.digests]
    for name in named:
        if name not in known:
            raise UsageError(f"There is no digest {name}.", f"The configuration has: {', '.join(known)}.")
    return list(named) or known


@subscribers.command()
@click.argument("address")
@click.option("--consent", metavar="TEXT", help="What they agreed to, when and where.")
@click.option("--confirm", is_flag=True, help="Mail them and ask: active once they confirm.")
@click.option("--name", default="", help="Their name.")
@_of_digests
@common
@click.pass_obj
def add(
    options: Options, address: str, consent: str | None, confirm: bool, name: str, digests: tuple[str, ...]
) -> None:
    """Add ADDRESS: at once, with the evidence that they asked for the letter; or once they confirm.

    Who unsubscribed, or was erased at their own wish, can be asked with --confirm and not be added otherwise.
    """
    from subscribers import directory

    if confirm == (consent is not None):
        raise UsageError(
            "Say either --consent or --confirm.",
            'Write --consent "what they agreed to, when and where", or let a mail ask them: --confirm.',
        )
    with options.open() as installation:
        chosen = _chosen(installation.config, digests)
        if consent is None:
            from pipeline.confirming import ask_for_staff

            person = ask_for_staff(installation, address, name=name, digests=chosen)
        else:
            with installation.database.write() as connection:
                person = directory.add(
                    connection, address, name=name, digests=chosen, wording=consent, source="command line"
                )
        _print(options, installation, person)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--consent", metavar="TEXT", required=True, help="What they agreed to, when and where.")
@click.option(
    "--refused",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where refused rows go. [default: FILE.refused.csv]",
)
@click.option("--dry-run", is_flag=True, help="Count, and change nothing.")
@_of_digests
@common
@click.pass_obj
def import_(
    options: Options, file: Path, consent: str, refused: Path | None, dry_run: bool, digests: tuple[str, ...]
) -> None:
    """Add everyone in FILE: CSV as Mailchimp, Substack, Ghost, Kit, Buttondown, beehiiv, listmonk or Rapport
    export it, with the columns email and name, or an address a line.

    Who had unsubscribed stays unsubscribed, and who bounced or complained gets nothing here either. Rows that
    cannot be taken go to a file of their own, each with the reason. Importing the same file again changes
    nothing.
    """
    from dataclasses import asdict

    from subscribers.transfer import import_csv

    # One import at a time: two would wait for each other's people on PostgreSQL.
    with options.open() as installation, installation.database.lock("import"):
        database = installation.database
        result = import_csv(
            database.read if dry_run else database.write,
            file,
            digests=_chosen(installation.config, digests),
            wording=consent,
            source=f"import of {file.name}",
            refused_path=refused,
            progress=Progress("Importing"),
            dry_run=dry_run,
        )
    said = (
        f"{plural(result.read, 'row')} read: {result.added:,} added, {result.changed:,} changed, "
        f"{result.unchanged:,} unchanged, {result.refused:,} refused"
    )
    lines = [said + (" (dry run: nothing was changed)" if dry_run else "")]
    if result.refused_file:
        lines.append(f"The refused rows and why: {result.refused_file}")
    options.print(asdict(result), *lines)


@subscribers.command()
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
    from subscribers.private import written_whole

    with options.open() as installation:
        database = installation.database
        if log:
            _print_exports(options, installation)
            return
        with written_whole(out) if out else nullcontext(sys.stdout) as file:
            what = f"the list, to {out.name}" if out else "the list, to standard output"
            rows = export_csv(database.read, database.write, file, who=_user(), what=what)
    if out:
        click.echo(f"Wrote {plural(rows, 'row')} to {out}.", err=True)


def _print_exports(options: Options, installation: Installation) -> None:
    from dataclasses import asdict

    from subscribers.export import history

    with installation.database.read() as connection:
        found = history(connection)
    document = [asdict(one) | {"at": one.at.isoformat(timespec="seconds")} for one in found]
    lines = [
        f"{one['at']} {one['who']}: {one['what']}, "
        f"{'not to its end' if one['people'] is None else plural(one['people'], 'person', 'people')}"
        for one in document
    ]
    options.print({"exports": document}, *(lines or ["The list was never exported."]))


def _user() -> str:
    """Whom the operating system takes us for: not what the environment says, which anyone can write."""
    import os
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@subscribers.command()
@click.argument("address")
@common
@click.pass_obj
def show(options: Options, address: str) -> None:
    """Show what is known of ADDRESS: subscriptions, consent, suppression, editions."""
    from subscribers import directory

    with options.open() as installation:
        with installation.database.read() as connection:
            person = directory.person(connection, address)
        if person is None:
            raise RapportError(
                "This address is not on the list.", "Look for it in `rapport subscribers export`."
            )
        _print(options, installation, person)


@subscribers.command()
@click.argument("address", required=False)
@click.option(
    "--mailbox",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Obey the mails in this Maildir or mbox that ask to leave.",
)
@_of_digests
@common
@click.pass_obj
def unsubscribe(
    options: Options, address: str | None, mailbox: Path | None, digests: tuple[str, ...]
) -> None:
    """Let ADDRESS go, from everything or from one digest. An address not on the list is kept from imports.

    With --mailbox, whoever wrote to newsletter.unsubscribe_mailto: by the token of a letter, or in plain
    words ("unsubscribe"). Handled mails are marked read and answered in a Maildir, and remembered in
    PATH.handled for an mbox; bounces and automatic replies unsubscribe nobody; what asks for nothing is left
    for you.
    """
    if (address is None) == (mailbox is None):
        raise UsageError("Name an ADDRESS or a --mailbox, and not both.", "See --help.")
    if mailbox is not None:
        if digests:
            raise UsageError(
                "--digest does not go with --mailbox.", "Each mail says itself what it wants to end."
            )
        _work_off(options, mailbox)
        return
    from subscribers import directory

    with options.open() as installation:
        chosen = _chosen(installation.config, digests) if digests else None
        with installation.database.write() as connection:
            person = directory.unsubscribe(connection, address or "", digests=chosen, source="command line")
        if person is not None:
            _print(options, installation, person)


def _work_off(options: Options, mailbox: Path) -> None:
    from dataclasses import asdict

    from pipeline.mailbox import work_off

    with options.open() as installation, installation.database.lock("mailbox"):
        counts = work_off(installation.database, installation.tokens, mailbox, Progress("Reading"))
    options.print(
        asdict(counts),
        f"{plural(counts.read, 'mail')} read: {counts.unsubscribed:,} unsubscribed, "
        f"{counts.already:,} had left before, {counts.unknown:,} not on the list, "
        f"{counts.ignored:,} automatic, {counts.left:,} left for you",
    )


@subscribers.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do it: it cannot be undone.")
@common
@click.pass_obj
def forget(options: Options, address: str, yes: bool) -> None:
    """Erase the person with ADDRESS everywhere: list, proof, ledger, events, and their mail in the outbox.

    A keyed hash of the address stays, so that nobody adds or imports it again; only they themselves can sign
    up anew. Works for an address that is not on the list, too.
    """
    from pipeline.forgetting import forget as forget_person

    if not yes:
        raise UsageError(
            "Nothing was erased: this cannot be undone.",
            "Look at `rapport subscribers show`, then say --yes.",
        )
    with options.open() as installation:
        gone = forget_person(installation, address)
    lines = ["Erased; a hash stays, so that the address is not added or imported again."]
    if not gone.clean:
        lines.append("The database is busy: run it again later, to clear its files of deleted rows, too.")
    options.print({"forgotten": gone.people, "clean": gone.clean}, *lines)


@subscribers.command()
@click.argument("address")
@click.option("--reason", metavar="TEXT", required=True, help="Why, for those who come after you.")
@common
@click.pass_obj
def suppress(options: Options, address: str, reason: str) -> None:
    """Keep ADDRESS from all mail by staff's decision; only staff can lift it."""
    from subscribers import directory

    with options.open() as installation:
        with installation.database.write() as connection:
            person = directory.suppress(connection, address, reason=reason, source="command line")
        _print(options, installation, person)


@subscribers.command()
@click.argument("address")
@click.option("--reason", metavar="TEXT", required=True, help="Why it may be mailed again.")
@common
@click.pass_obj
def lift(options: Options, address: str, reason: str) -> None:
    """Let ADDRESS be mailed again that bounced, complained or was suppressed by staff.

    Who unsubscribed or was erased stays so: only they themselves can undo that, by signing up.
    """
    from subscribers import directory

    with options.open() as installation:
        with installation.database.write() as connection:
            person = directory.lift(connection, address, reason=reason, source="command line")
        _print(options, installation, person)


@subscribers.command()
@common
@click.pass_obj
def stats(options: Options) -> None:
    """Count subscribers by digest, and suppressions by reason."""
    from dataclasses import asdict

    from subscribers import directory

    with options.open() as installation, installation.database.read() as connection:
        counted = directory.stats(connection, [digest.name for digest in installation.config.digests])
    document = {
        "digests": [asdict(digest) for digest in counted.digests],
        "suppressed": {str(reason): number for reason, number in counted.suppressed.items()},
    }
    lines = [
        f"{d.digest}: {d.active:,} active, {d.pending:,} pending, {d.unsubscribed:,} unsubscribed"
        for d in counted.digests
    ]
    lines += [f"suppressed, {reason}: {number:,}" for reason, number in counted.suppressed.items()]
    options.print(document, *lines)


def _print(options: Options, installation: Installation, person: Person) -> None:
    document = _document(installation, person)
    lines = [f"{person.email}{f' ({person.name})' if person.name else ''}"]
    if person.suppression:
        lines.append(f"  gets no mail: {person.suppression}")
    for one in document["subscriptions"]:
        paused = f", paused until {one['paused_until']}" if one["paused_until"] else ""
        lines.append(f"  {one['digest']}: {one['status']} since {one['since']}{paused}")
    lines += [
        f"  {one['at']} {one['action']}{' ' + one['digest'] if one['digest'] else ''} by {one['source']}"
        f"{' from ' + one['network_address'] if one['network_address'] else ''}"
        f"{': ' + one['wording'] if one['wording'] else ''}"
        for one in document["consent"]
    ]
    lines += [f"  {one['slug']}: {one['state']}" for one in document["editions"]]
    options.print({"subscriber": document}, *lines)


def _document(installation: Installation, person: Person) -> dict[str, Any]:
    from dataclasses import asdict

    from pipeline.delivery import ledger

    with installation.database.read() as connection:
        editions = ledger.of_subscriber(connection, person.id) if person.id is not None else []
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "suppression": person.suppression,
        "subscriptions": [
            {
                "digest": one.digest,
                "status": one.status,
                "since": one.since.isoformat(timespec="seconds"),
                "paused_until": one.paused_until.isoformat() if one.paused_until else None,
            }
            for one in person.subscriptions
        ],
        "consent": [
            asdict(one) | {"version": one.version, "at": one.at.isoformat(timespec="seconds")}
            for one in person.consent
        ],
        "editions": editions,
    }


@subscribers.command()
@common
@click.pass_obj
def sync(options: Options) -> None:
    """Take over whom SendGrid mails no more: bounces, spam reports, unsubscribes.

    Safe to repeat. Who signed up anew after they left, and whom staff let back in, stays.
    """
    from dataclasses import asdict

    from pipeline.sync import sync as take_over

    with options.open() as installation:
        synced = take_over(installation, Progress("Reading lists"))
    lines = [
        f"SendGrid's lists: {synced.bounced:,} bounced, {synced.complained:,} complained, "
        f"{synced.unsubscribed:,} unsubscribed; {synced.new:,} of them new here"
    ]
    if synced.unreadable:
        lines.append(f"{plural(synced.unreadable, 'entry', 'entries')} could not be read as an address.")
    options.print(asdict(synced), *lines)
