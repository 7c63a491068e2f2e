"""How a batch stands, and what became of its people: the words of the database and of ``--json``."""

from __future__ import annotations

from enum import StrEnum


class BatchState(StrEnum):
    """A batch goes from `waiting` to `sending` and on to `sent` or `uncertain`; refused, it waits again."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"


class RecipientState(StrEnum):
    """What is told of a person, in this order: their own row's word, else what their batch's means."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    WITHHELD = "withheld"


UNFINISHED = (BatchState.WAITING, BatchState.SENDING)
"""Batches that wait or are under way."""

APART = (RecipientState.SENT, RecipientState.FAILED, RecipientState.UNCERTAIN, RecipientState.WITHHELD)
"""What a person's own row may say. Asked for by name: for "any" SQLite would read every row."""


NOT_HANDED = (RecipientState.FAILED, RecipientState.WITHHELD)
"""What a person's own row says who surely was not handed the letter."""


def told(state: str) -> RecipientState:
    """What a batch's state means for its people. In `sending` it was handed over and no answer is known: that
    is doubt until one is."""
    return RecipientState.UNCERTAIN if state == BatchState.SENDING else RecipientState(state)
