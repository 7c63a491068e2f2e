"""Who may do what."""

from __future__ import annotations

import pytest

from subscribers.staff.roles import ASKED_ANEW, Right, Role, may

EVERYBODY, EDITORS, ADMINS = {*Role}, {Role.EDITOR, Role.ADMIN}, {Role.ADMIN}
WHO = {
    Right.LOOK: EVERYBODY,
    Right.WRITE: EDITORS,
    Right.DECIDE: EDITORS,
    Right.LOOK_AT_PEOPLE: ADMINS,
    Right.CHANGE_PEOPLE: ADMINS,
    Right.EXPORT: ADMINS,
    Right.ERASE: ADMINS,
    Right.LOOK_AT_ACCOUNTS: ADMINS,
    Right.ACCOUNTS: ADMINS,
}


@pytest.mark.parametrize("right", Right, ids=lambda right: right.name)
def test_who_may_do_what(right: Right) -> None:
    assert {role for role in Role if may(role, right)} == WHO[right]


def test_what_takes_people_out_or_lets_staff_in_asks_anew() -> None:
    assert {Right.EXPORT, Right.ERASE, Right.ACCOUNTS} == ASKED_ANEW


def test_roles_stand_in_the_database_and_in_commands_by_these_words() -> None:
    assert [str(role) for role in Role] == ["viewer", "editor", "admin"]
