"""The ways in. Each step is one transaction: it counts the try, uses up what was given, begins the session.

A try is counted whether there is such an account or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from subscribers.addresses import normalise
from subscribers.errors import SubscriberError
from subscribers.staff import accounts, attempts, links, passkeys, sessions
from subscribers.staff.attempts import Kind, Verdict
from subscribers.staff.links import Purpose

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.staff.accounts import Account
    from subscribers.staff.links import Link
    from subscribers.staff.passkeys import RelyingParty


class Tried(NamedTuple):
    """``account``: whose it is, where it may be tried and there is one. ``link``: what is to be mailed."""

    verdict: Verdict
    account: Account | None
    link: Link | None = None


class Begun(NamedTuple):
    """A session began, and the page to go on to."""

    session: str
    onward: str


def ask_for_link(
    connection: Connection, email: str, network: str | None, *, browser: str, onward: str
) -> Tried:
    """A link for whoever typed an address in this browser."""
    verdict, account, _ = _try(connection, Kind.LINK, email, network)
    if account is None:
        return Tried(verdict, None)
    link = links.make(connection, account.id, Purpose.SIGN_IN, browser=browser, onward=onward)
    return Tried(verdict, account, link)


def by_link(
    connection: Connection, purpose: Purpose, value: str, *, browser: str, instead_of: str
) -> Begun | None:
    """Sign in by a mailed link, or accept an invitation. None when the link is not good in this browser."""
    used = links.use(connection, purpose, value, browser)
    if used is None:
        return None
    if purpose is Purpose.INVITATION:
        accounts.join(connection, used.account)
        return Begun(sessions.begin(connection, used.account.id, instead_of=instead_of), used.onward)
    return Begun(sessions.sign_in(connection, used.account, "a link", instead_of=instead_of), used.onward)


def try_password(connection: Connection, email: str, network: str | None) -> Tried:
    """Whose password is to be compared. That takes long, and happens between this and `by_password`."""
    return _try(connection, Kind.PASSWORD, email, network)


def by_password(connection: Connection, account: Account, *, instead_of: str) -> str | None:
    """The session of an account whose password was the right one; None if it is another's by now."""
    now = accounts.by_id(connection, account.id)
    if now is None or now.password != account.password:
        return None
    attempts.succeeded(connection, Kind.PASSWORD, account.email)
    return sessions.sign_in(connection, account, "a password", instead_of=instead_of)


def ask_for_passkey(connection: Connection, network: str | None, *, browser: str) -> bytes | None:
    """A challenge for a passkey, nobody says whose; None where it was tried too often."""
    verdict = attempts.count(connection, Kind.PASSKEY, "", network)
    return passkeys.challenge(connection, browser) if verdict is Verdict.GO_ON else None


def by_passkey(
    connection: Connection, party: RelyingParty, answer: str, *, browser: str, instead_of: str
) -> str | None:
    """The session of whoever's passkey signed a challenge of this browser's."""
    account = passkeys.used(connection, party, answer, browser)
    if account is None or account.joined_at is None:
        return None
    return sessions.sign_in(connection, account, "a passkey", instead_of=instead_of)


def _try(connection: Connection, kind: Kind, email: str, network: str | None) -> Tried:
    verdict = attempts.count(connection, kind, email, network)
    return Tried(verdict, _joined(connection, email) if verdict is Verdict.GO_ON else None)


def _joined(connection: Connection, email: str) -> Account | None:
    """Who has joined with this address."""
    try:
        found = accounts.by_address(connection, normalise(email))
    except SubscriberError:
        return None
    return found if found is not None and found.joined_at is not None else None
