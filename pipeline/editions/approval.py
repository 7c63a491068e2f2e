"""Letting an edition go out: as it was seen, and no other way (promise 5)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions as table
from pipeline.editions import by_staff, find, states
from pipeline.editions.edition import Edition, EditionStatus
from subscribers.staff import accounts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.config import Config

VERBS = ("approve", "hold", "skip")
"""What staff may do from a link in the draft that is mailed to them."""


class ChangedError(RapportError):
    """The edition no longer says what was seen."""

    code = "changed"


class DecidedError(RapportError):
    """Somebody has decided about the edition since."""

    code = "decided"


class ApprovalResult(Enum):
    DONE = "it is as they wanted it"
    ALREADY = "its status does not allow it, or somebody has decided since: nothing was changed"
    CHANGED = "it says something else than what they saw: nothing was changed"
    GONE = "there is no such edition any more"


def links_decide(config: Config, connection: Connection) -> bool:
    """Whether the link in a draft's mail decides for whoever holds it. Else it leads to a page where one must
    be signed in: so it is by default from the moment on when anybody can sign in."""
    chosen = config.staff.links_decide
    return not accounts.anybody(connection) if chosen is None else chosen


def approve(
    installation: Installation,
    slug: str,
    seen: bytes | None = None,
    *,
    mark: bytes | None = None,
    actor: str = "",
) -> Edition:
    """Let an edition go out as it stands, as ``actor`` decided (default: the system's user); with ``seen``, a
    fingerprint, only if it still says that; with ``mark``, only if that is still the last decision's.

    Raises RapportError when `check` finds an error in it, ChangedError when it is not what was seen, and
    DecidedError.
    """
    with installation.database.read() as connection:
        edition = find.by_slug(connection, slug)
    if edition.status in (EditionStatus.DRAFT, EditionStatus.HELD):
        must_pass(installation, edition)
    with installation.database.write() as connection:
        row = find.by_slug(connection, slug, for_update=True)
        _must_be_undecided(row, mark)
        now = row.fingerprint()
        # Also when nobody says what they saw: what `check` has passed is what is approved.
        if now != edition.fingerprint() or seen not in (None, now):
            raise ChangedError(f"{slug} has changed meanwhile.", "Look at it again, then approve it.")
        return by_staff.decided(connection, "approve", states.approve(connection, slug), actor)


def decide(
    installation: Installation,
    edition: int,
    verb: str,
    seen: bytes,
    *,
    mark: bytes | None = None,
    actor: str = "",
) -> tuple[ApprovalResult, Edition | None]:
    """Do one of VERBS to an edition that was seen as ``seen``, unless somebody has decided since ``mark``;
    what came of it, and the edition as it is now.

    Any number of times. An edition is held whatever it says by now: that lets nothing out, and takes nothing
    away. Raises RapportError when `check` finds an error in what was to be approved.
    """
    with installation.database.write() as connection:
        row = _found(connection, edition)
        if row is None:
            return ApprovalResult.GONE, None
        row = find.by_slug(connection, row.slug, for_update=True)
        if verb not in states.possible(row) or mark not in (None, row.mark):
            return ApprovalResult.ALREADY, row
        if verb != "hold" and row.fingerprint() != seen:
            return ApprovalResult.CHANGED, row
        if verb != "approve":
            return ApprovalResult.DONE, by_staff.decide(connection, verb, row.slug, actor)
    try:
        return ApprovalResult.DONE, approve(installation, row.slug, seen, mark=row.mark, actor=actor)
    except (ChangedError, DecidedError) as error:
        changed = isinstance(error, ChangedError)
        with installation.database.read() as connection:
            now = _found(connection, edition)
        return (ApprovalResult.CHANGED if changed else ApprovalResult.ALREADY), now


def _must_be_undecided(edition: Edition, mark: bytes | None) -> None:
    if mark not in (None, edition.mark):
        raise DecidedError(
            f"Somebody has decided about {edition.slug} meanwhile.",
            f"See `rapport editions show {edition.slug}` and `rapport staff log`.",
        )


def _found(connection: Connection, edition: int) -> Edition | None:
    return find.one(connection, table.c.id == edition)


def must_pass(installation: Installation, edition: Edition) -> None:
    """Raise RapportError when `check` finds what may not go out."""
    if wrong := errors(installation, edition):
        raise RapportError(f"{edition.slug} cannot go out. {wrong}", f"See `rapport check {edition.digest}`.")


def must_be_approved(edition: Edition) -> None:
    """Raise RapportError when an edition on its way says anything else than what was approved."""
    if not edition.is_approved:
        raise RapportError(
            f"{edition.slug} is not what was approved: its subject, HTML or text was changed since.",
            f"`rapport editions hold {edition.slug}` (or cancel), look at it, and approve it as it is.",
        )


def errors(installation: Installation, edition: Edition) -> str:
    """What keeps an edition from going out, in words; empty when nothing does."""
    from pipeline.letter import check

    found = check.errors(installation.config, installation.templates, edition)
    return " ".join(f"{finding.message} {finding.remedy}" for finding in found)
