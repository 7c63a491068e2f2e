"""What passes between the steps of an import: a row, what is known of its person, what is to be written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from subscribers.consent import Action
    from subscribers.suppression import Reason

NO_REASON: frozenset[Reason] = frozenset()


class Applicant(NamedTuple):
    """A row that names a person, address and name in their kept form.

    ``left``: and wants no more mail; ``reason``: or must get none; ``proof``: what the list itself says of
    when they agreed.
    """

    email: str
    name: str
    digests: Sequence[str]
    left: bool = False
    reason: Reason | None = None
    proof: str = ""


class ImportOutcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class Known:
    """What stands in the database of one address, and what the rows so far make of it."""

    email: str
    statuses: Mapping[str, str]  # replaced, never changed: most people share it with others
    statuses_before: Mapping[str, str]
    id: int | None = None
    name: str = ""
    name_before: str = ""
    reasons: frozenset[Reason] = NO_REASON
    reasons_before: frozenset[Reason] = NO_REASON
    steps: int = 0


class Kind(NamedTuple):
    """What is to be written down; ``wording`` where it is not the one of the import."""

    action: Action
    digest: str | None
    wording: str = ""
