"""Letting an edition go out: as it was seen, and no other way (promise 5)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.core.tables import editions as table
from pipeline.editions import find, states
from pipeline.editions.edition import Edition, EditionStatus

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.app import Installation

VERBS = ("approve", "hold", "skip")
"""What staff may do from a link in the draft that is mailed to them."""


class ChangedError(RapportError):
    """The edition no longer says what was seen."""

    code = "changed"


class ApprovalResult(Enum):
    DONE = "it is as they wanted it"
    ALREADY = "its status does not allow it, or it was done before: nothing was changed"
    CHANGED = "it says something else than what they saw: nothing was changed"
    GONE = "there is no such edition any more"


def approve(installation: Installation, slug: str, seen: bytes | None = None) -> Edition:
    """Let an edition go out as it stands; with ``seen``, a fingerprint, only if it still says that.

    Raises RapportError when `check` finds an error in it, ChangedError when it is not what was seen.
    """
    with installation.database.read() as connection:
        edition = find.by_slug(connection, slug)
    if edition.status in (EditionStatus.DRAFT, EditionStatus.HELD):
        must_pass(installation, edition)
    with installation.database.write() as connection:
        now = find.by_slug(connection, slug, for_update=True).fingerprint()
        # Also when nobody says what they saw: what `check` has passed is what is approved.
        if now != edition.fingerprint() or seen not in (None, now):
            raise ChangedError(f"{slug} has changed meanwhile.", "Look at it again, then approve it.")
        return states.approve(connection, slug)


def decide(
    installation: Installation, edition: int, verb: str, seen: bytes
) -> tuple[ApprovalResult, Edition | None]:
    """Do one of VERBS to an edition that was seen as ``seen``; what came of it, and the edition as it is now.

    Any number of times. An edition is held whatever it says by now: that lets nothing out, and takes nothing
    away. Raises RapportError when `check` finds an error in what was to be approved.
    """
    with installation.database.write() as connection:
        row = _found(connection, edition)
        if row is None:
            return ApprovalResult.GONE, None
        if verb not in states.possible(row):
            return ApprovalResult.ALREADY, row
        if verb != "hold" and row.fingerprint() != seen:
            return ApprovalResult.CHANGED, row
        if verb != "approve":
            return ApprovalResult.DONE, states.BY_STAFF[verb](connection, row.slug)
    try:
        return ApprovalResult.DONE, approve(installation, row.slug, seen)
    except ChangedError:
        with installation.database.read() as connection:
            return ApprovalResult.CHANGED, _found(connection, edition)


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
    from pipeline.letter.check import check_letter

    found = check_letter(installation.config, installation.templates, edition)
    return " ".join(f"{finding.message} {finding.remedy}" for finding in found if finding.level == "error")
