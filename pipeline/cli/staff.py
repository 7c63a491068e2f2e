"""The commands on staff: who may sign in, and what they decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.group import Group
from pipeline.cli.options import Options, common, plural
from pipeline.core.errors import UsageError

if TYPE_CHECKING:
    from subscribers.staff.accounts import Account

ROLES = ("viewer", "editor", "admin")


@click.group(cls=Group)
@common
def staff() -> None:
    """Look after who looks after the letter."""


@staff.command("list")
@common
@click.pass_obj
def list_(options: Options) -> None:
    """Say who may sign in at the dashboard, as what, and who is invited."""
    from subscribers import times
    from subscribers.staff import accounts, sessions

    with options.open() as installation, installation.database.read() as connection:
        found, signed_in = accounts.all_of_them(connection), sessions.counted(connection)
    zone = installation.config.newsletter.zone
    lines = []
    for one in found:
        line = f"{one.email}: {one.role}"
        if one.joined_at is None:
            line += f", invited {times.moment(one.invited_at, zone)}, has not accepted"
        elif one.signed_in_at is not None:
            line += f", last signed in {times.moment(one.signed_in_at, zone)}"
        if number := signed_in.get(one.id):
            line += f", signed in in {plural(number, 'browser')}"
        lines.append(line)
    document = [_document(one) | {"sessions": signed_in.get(one.id, 0)} for one in found]
    options.print({"staff": document}, *(lines or ["Nobody has an account yet: see rapport staff invite."]))


@staff.command()
@click.argument("address")
@click.option(
    "--role",
    required=True,
    type=click.Choice(ROLES),
    help="viewer: sees letters and results. editor: also changes and approves them. admin: also looks after "
    "readers and staff.",
)
@common
@click.pass_obj
def invite(options: Options, address: str, role: str) -> None:
    """Mail ADDRESS an invitation to sign in at the dashboard: good for seven days, once.

    Invite again who lost the mail: the link before it ends. Who has accepted already gets no mail; with
    another role they have that one at once.
    """
    from pipeline.core.destination import Destination
    from pipeline.mail.sign_in import invite as send_invitation
    from subscribers.staff.roles import Role

    with options.open() as installation:
        invited = send_invitation(installation, address, Role(role))
        delivery = installation.config.delivery
    account = invited.account
    said = (
        f"The invitation for {account.email} as {role} was {Destination.of(delivery).done}."
        if invited.mailed
        else f"{account.email} can sign in as {role}, and was not mailed."
    )
    mailed = invited.mailed and installation.config.mails
    document = {"account": _document(account), "mailed": mailed, "provider": delivery.provider}
    options.print(document, said)


@staff.command()
@click.argument("address")
@common
@click.pass_obj
def remove(options: Options, address: str) -> None:
    """Take ADDRESS's account away: signed out everywhere at once, invited or not. The last admin stays."""
    from subscribers.staff import accounts

    with options.open() as installation, installation.database.write() as connection:
        account = accounts.remove(connection, address)
    options.print({"removed": _document(account)}, f"{account.email} can no longer sign in.")


@staff.command("sign-out")
@click.argument("address", required=False)
@click.option("--all", "everybody", is_flag=True, help="Everybody, instead of one.")
@common
@click.pass_obj
def sign_out(options: Options, address: str | None, everybody: bool) -> None:
    """Sign ADDRESS out in every browser, or --all of staff. Their accounts stay: they can sign in again."""
    from subscribers.staff import sign_out as everywhere

    if (address is None) != everybody:
        raise UsageError("Name an ADDRESS or --all, and not both.", "See --help.")
    with options.open() as installation, installation.database.write() as connection:
        number = everywhere.of_address(connection, address) if address else everywhere.of_all(connection)
    options.print({"sessions": number}, f"Signed out in {plural(number, 'browser')}.")


@staff.command()
@common
@click.pass_obj
def log(options: Options) -> None:
    """Say who decided what, newest first: approvals, holds, erasures, exports and the like.

    Who: one of staff by the address that they signed in with or that a draft's link was mailed to, or a user
    of this machine. Nothing in it can be changed or taken out, and no reader's address is in it.
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


def _document(account: Account) -> dict[str, Any]:
    from subscribers import times

    def at(moment: Any) -> str | None:
        return times.iso(moment) if moment is not None else None

    return {
        "email": account.email,
        "role": account.role.value,
        "state": "invited" if account.joined_at is None else "active",
        "invited_at": at(account.invited_at),
        "joined_at": at(account.joined_at),
        "signed_in_at": at(account.signed_in_at),
    }
