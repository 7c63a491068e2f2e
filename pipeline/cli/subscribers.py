"""The commands on the list of subscribers, for staff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.group import Group
from pipeline.cli.lists import export, import_, named_digests, of_digests, sync
from pipeline.cli.options import Options, Progress, common, plural
from pipeline.cli.person import print_person
from pipeline.core.errors import RapportError, UsageError

if TYPE_CHECKING:
    from pipeline.core.app import Installation


@click.group(cls=Group)
@common
def subscribers() -> None:
    """Look after the list: who gets the letter, and the proof that they asked for it."""


for _command in (import_, export, sync):
    subscribers.add_command(_command)


@subscribers.command()
@click.argument("address")
@click.option("--consent", metavar="TEXT", help="What they agreed to, when and where.")
@click.option("--confirm", is_flag=True, help="Mail them and ask: active once they confirm.")
@click.option("--name", default="", help="Their name.")
@of_digests
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
        chosen = named_digests(installation.config, digests)
        if consent is None:
            _ask(options, installation, address, name, chosen)
            return
        with installation.database.write() as connection:
            person = directory.add(
                connection, address, name=name, digests=chosen, wording=consent, source="command line"
            )
        print_person(options, installation, person)


def _ask(options: Options, installation: Installation, address: str, name: str, digests: list[str]) -> None:
    from pipeline.core.destination import Destination
    from pipeline.subscriptions.confirm import ask_for_staff
    from subscribers.confirmations import State

    asked = ask_for_staff(installation, address, name=name, digests=digests, source="command line")
    delivery = installation.config.delivery
    became = {
        State.MAILED: f"was {Destination.of(delivery).done}",
        State.QUEUED: "waits, and is tried again by itself",
    }.get(asked.state, "was refused")
    said = f"The mail that asks them to confirm {became}."
    print_person(options, installation, asked.person, said, provider=delivery.provider)


@subscribers.command()
@click.argument("address")
@common
@click.pass_obj
def show(options: Options, address: str) -> None:
    """Show what is known of ADDRESS: subscriptions, consent, suppression, editions.

    ADDRESS may be the number of a subscriber, by which notices name people.
    """
    from subscribers import directory

    with options.open() as installation:
        with installation.database.read() as connection:
            person = directory.person(connection, address)
        if person is None:
            raise RapportError(
                "This address is not on the list.", "Look for it in `rapport subscribers export`."
            )
        print_person(options, installation, person)


@subscribers.command()
@click.argument("address", required=False)
@click.option(
    "--mailbox",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="End what the mails in this Maildir or mbox ask to end.",
)
@of_digests
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
        _process_mailbox(options, mailbox)
        return
    from subscribers import directory
    from subscribers.staff_log import user

    with options.open() as installation:
        chosen = named_digests(installation.config, digests) if digests else None
        with installation.database.write() as connection:
            person = directory.unsubscribe(
                connection, address or "", digests=chosen, source="command line", actor=user()
            )
        if person is not None:
            print_person(options, installation, person)


def _process_mailbox(options: Options, mailbox: Path) -> None:
    from dataclasses import asdict

    from pipeline.subscriptions.mailbox import process_mailbox

    with options.open() as installation, installation.database.lock("mailbox"):
        counts = process_mailbox(
            installation.database,
            installation.tokens,
            mailbox,
            Progress("Reading"),
            configured=[digest.name for digest in installation.config.digests],
        )
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
    from pipeline.subscriptions.erase import forget as forget_person
    from subscribers.staff_log import user

    if not yes:
        raise UsageError(
            "Nothing was erased: this cannot be undone.",
            "Look at `rapport subscribers show`, then say --yes.",
        )
    with options.open() as installation:
        gone = forget_person(installation, address, actor=user())
    lines = ["Erased; a hash stays, so that the address is not added or imported again."]
    if not gone.clean:
        lines.append("The database is busy: run it again later, to clear its files of deleted rows, too.")
    if gone.staff:
        lines.append("The address still has an account for the dashboard: see `rapport staff remove`.")
    document = {"forgotten": gone.people, "clean": gone.clean, "staff_account": gone.staff}
    options.print(document, *lines)


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
        print_person(options, installation, person)


@subscribers.command()
@click.argument("address")
@click.option("--reason", metavar="TEXT", required=True, help="Why it may be mailed again.")
@common
@click.pass_obj
def lift(options: Options, address: str, reason: str) -> None:
    """Let ADDRESS be mailed again that bounced, complained or was suppressed by staff.

    Who unsubscribed or was erased stays so: only they themselves can undo that, by signing up. ADDRESS may be
    the number of a subscriber, by which notices name people.
    """
    from subscribers import directory

    with options.open() as installation:
        with installation.database.write() as connection:
            person = directory.lift(connection, address, reason=reason, source="command line")
        print_person(options, installation, person)


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
