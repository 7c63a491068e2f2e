"""What a cell says of whether somebody may be mailed, and what it says once staff have answered."""

from __future__ import annotations

import pytest

from subscribers.importing.signs import ACTIVE, BOUNCED, LEFT, Sign, Standing

WORDS = {"active": ACTIVE, "gone": LEFT, "bounced": BOUNCED}


@pytest.mark.parametrize(
    ("otherwise", "cell", "means"),
    [
        (None, " Active ", ACTIVE),
        (None, "bounced", BOUNCED),
        (None, "a friend", None),
        (LEFT, "a friend", LEFT),
        (LEFT, "opted out", LEFT),
        (ACTIVE, "a friend", ACTIVE),
        (ACTIVE, "opted out", None),
        (ACTIVE, "gone", LEFT),
    ],
)
def test_a_word_means_what_is_known_of_it_and_what_speaks_of_leaving_is_never_active(
    otherwise: Standing | None, cell: str, means: Standing | None
) -> None:
    assert Sign("status", WORDS, otherwise).standing(cell) is means


@pytest.mark.parametrize(
    ("cell", "means"), [("Enabled", ACTIVE), ("active", LEFT), ("whatever", LEFT), ("Bounced", BOUNCED)]
)
def test_once_staff_have_said_which_words_mean_mailable_no_other_does(cell: str, means: Standing) -> None:
    sign = Sign("status", WORDS).answered(["ENABLED "])
    assert (sign.column, sign.standing(cell)) == ("status", means)
