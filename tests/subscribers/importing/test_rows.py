"""What a row says where it says nothing of it."""

from __future__ import annotations

from subscribers.importing.rows import Applicant, Known


def test_who_is_not_said_to_have_left_has_not_and_dates_are_certain_unless_it_is_said() -> None:
    ann = Applicant("ann@example.org", "Ann", ["weekly"])
    assert (ann.left, ann.reason, ann.proof, ann.certain, ann.paused_until) == (False, None, "", True, None)


def test_of_whom_nothing_is_known_nothing_is_assumed() -> None:
    ann = Known("ann@example.org", {}, {})
    assert (ann.id, ann.name, ann.name_before, ann.reasons, ann.reasons_before) == (
        None,
        "",
        "",
        set(),
        set(),
    )
    assert (ann.steps, ann.paused) == (0, None)
