"""What a column says of whether people may be mailed, and what kind of file has which columns.

A row with an unknown word is refused and never guessed: to mail one person who left costs more than to ask
about a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from subscribers.importing.words import NO, NOTHING, YES, fold, speaks
from subscribers.people import Status
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Standing = Status | Reason
"""A person's standing by a list: a status, or the reason why they must get no mail."""

ACTIVE, LEFT, PENDING = Status.ACTIVE, Status.UNSUBSCRIBED, Status.PENDING
BOUNCED, COMPLAINED, MANUAL = Reason.BOUNCED, Reason.COMPLAINED, Reason.MANUAL


@dataclass(frozen=True, slots=True)
class Sign:
    """A column that tells a person's standing: its words, as `fold` writes them, and what any other word
    means (None: it is unknown). The column is named as `plain` writes it.
    """

    column: str
    words: Mapping[str, Standing]
    otherwise: Standing | None = None

    def standing(self, cell: str) -> Standing | None:
        """What a cell says; None if that is unknown. A cell that speaks of leaving never says "active"."""
        word = fold(cell)
        found = self.words.get(word)
        if found is None:
            found = self.otherwise
            if found is ACTIVE and speaks(cell):
                return None
        return found

    def answered(self, mailable: Iterable[str]) -> Sign:
        """The same column after the operator said which values mean "may be mailed": only those do."""
        words = {word: means for word, means in self.words.items() if means is not ACTIVE}
        return replace(self, words=words | dict.fromkeys(map(fold, mailable), ACTIVE), otherwise=LEFT)


@dataclass(frozen=True, slots=True)
class Question:
    """A column of a tool that does not tell who left, so that the operator must say what it means; unless the
    file has the column ``unless``, which does."""

    column: str
    unless: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Tool:
    """One kind of file that a tool writes. Columns are named as `plain` writes them.

    ``marks`` are the columns by which it is recognised, ``lacks`` those that it never has. ``moments`` are
    columns of times that prove consent, each with a word for what happened then; with ``agreed`` one of them
    must be filled in for somebody who is to be mailed. ``origin`` is the column that says how someone came,
    ``paused`` holds the day until which somebody wants no mail, and ``asides`` are known to say nothing
    beyond the signs. Network addresses are not read.
    """

    name: str
    marks: frozenset[str]
    signs: tuple[Sign, ...]
    moments: tuple[tuple[str, str], ...] = ()
    origin: str | None = None
    lacks: frozenset[str] = frozenset()
    asides: frozenset[str] = frozenset()
    agreed: bool = False
    question: Question | None = None
    paused: str | None = None

    def fits(self, columns: frozenset[str]) -> bool:
        return self.marks <= columns and not self.lacks & columns


def filled(column: str, standing: Standing) -> Sign:
    """A column, mostly of a time, that is empty until something happened."""
    return Sign(column, dict.fromkeys(NOTHING, ACTIVE), otherwise=standing)


def said_yes(column: str) -> Sign:
    """A column whose yes means "may be mailed", and whose no that they may not."""
    return Sign(column, dict.fromkeys(YES, ACTIVE) | dict.fromkeys(NO, LEFT))


def said_no(column: str) -> Sign:
    """A column whose no means "may be mailed"; anything else, such as a date, that they left."""
    return Sign(column, dict.fromkeys(NO | NOTHING, ACTIVE), otherwise=LEFT)


AWAY: Mapping[str, Standing] = {
    **dict.fromkeys(("pending", "unconfirmed", "not confirmed", "awaiting confirmation"), PENDING),
    **dict.fromkeys(("pending confirmation", "confirmation pending"), PENDING),
    **dict.fromkeys(("unsubscribed", "opted out", "opt out", "cancelled", "canceled"), LEFT),
    **dict.fromkeys(("abgemeldet", "desabonne", "desinscrit", "uitgeschreven", "afgemeld"), LEFT),
    **dict.fromkeys(("bounced", "hard bounce", "hard bounced", "cleaned", "undeliverable"), BOUNCED),
    **dict.fromkeys(("complained", "complaint", "spam", "marked as spam", "spam complaint"), COMPLAINED),
    **dict.fromkeys(("blocked", "blacklisted", "blocklisted", "suppressed", "do not contact"), MANUAL),
}
"""Words of a status that say why somebody is not mailed."""

STATUSES: Mapping[str, Standing] = {**AWAY, "active": ACTIVE, "subscribed": ACTIVE}
"""The words of a status in any list. An empty one is unknown: Constant Contact writes it for people who never
agreed."""
