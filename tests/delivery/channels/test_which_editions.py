"""Which editions the world is told of: those of posts, and notes that ask for it; never a correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import RapportError
from pipeline.delivery.channels import ledger
from pipeline.delivery.channels.by_hand import post_by_hand

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.delivery.channels.conftest import Practice

HOOK = {"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:1/"}


@pytest.mark.parametrize(
    ("values", "announced"),
    [
        ({}, True),
        ({"kind": "note", "note": {"announce": True}}, True),
        ({"kind": "note", "note": {"announce": False}}, False),
        ({"kind": "note", "note": {"announce": True}, "readers_of": 7}, False),
        ({"kind": "welcome"}, False),
    ],
)
def test_what_is_announced_by_itself(
    practice: Callable[..., Practice], values: dict[str, Any], announced: bool
) -> None:
    made = practice(HOOK)
    made.send(**values)
    made.announce()
    with made.installed.database.read() as connection:
        assert (ledger.find(connection, 1, "hook") is not None) == announced


def test_a_correction_is_not_announced_by_hand_either(practice: Callable[..., Practice]) -> None:
    made = practice(HOOK)
    made.send(kind="note", note={"announce": True}, readers_of=7)
    with pytest.raises(RapportError, match="weekly-1 is not for everybody"):
        post_by_hand(made.installed, "weekly-1", made.installed.config.channels, anyway=False)
