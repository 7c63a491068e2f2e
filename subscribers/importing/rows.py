"""Values between the steps of an import: a row, what is known of its person, what is to be written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from subscribers.consent import Action
    from subscribers.suppression import Reason

NO_REASON: frozenset[Reason] = frozenset()


class Applicant(NamedTuple):
    """What a row asks for, with address and name in the form in which they are kept.

    ``left``: the person wants no more mail; ``reason``: why they must get none; ``proof``: when and how they
    agreed, by the list itself; ``certain``: whether all of its dates are; ``paused_until``: they want no mail
    before that day.
    """

    email: str
    name: str
    digests: Sequence[str]
    left: bool = False
    reason: Reason | None = None
    proof: str = ""
    certain: bool = True
    paused_until: date | None = None


class ImportOutcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Known:
    """What the database holds of one address (``..._before``), and what the rows so far make of it."""

    email: str
    statuses: Mapping[str, str]  # never changed but replaced: most people share it
    statuses_before: Mapping[str, str]
    id: int | None = None
    name: str = ""
    name_before: str = ""
    reasons: frozenset[Reason] = NO_REASON
    reasons_before: frozenset[Reason] = NO_REASON
    steps: int = 0
    paused: Mapping[str, date] | None = None
    """By digest, of the subscriptions that the rows begin."""


class Kind(NamedTuple):
    """The kind of a consent record to write; ``wording`` if it is not that of the import."""

    action: Action
    digest: str | None
    wording: str = ""
