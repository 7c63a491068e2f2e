"""Who may do what: one table, which every page asks."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """From the least to the most: each may do what those before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Right(StrEnum):
    """What somebody may want to do at the dashboard."""

    LOOK = "see letters, what became of them, and how it is; nothing about a person"
    WRITE = "change a draft, write a note, send oneself a test"
    DECIDE = "approve, hold, skip, pause, resume, cancel a letter; let a post in, keep it out"
    LOOK_AT_PEOPLE = "see readers, their proof and what they were sent"
    CHANGE_PEOPLE = "add, import, unsubscribe, suppress, lift"
    EXPORT = "take the list out"
    ERASE = "forget a person for good"
    LOOK_AT_ACCOUNTS = "see who may sign in, and what staff did"
    ACCOUNTS = "say who may sign in"


LEAST = {
    Right.LOOK: Role.VIEWER,
    Right.WRITE: Role.EDITOR,
    Right.DECIDE: Role.EDITOR,
    Right.LOOK_AT_PEOPLE: Role.ADMIN,
    Right.CHANGE_PEOPLE: Role.ADMIN,
    Right.EXPORT: Role.ADMIN,
    Right.ERASE: Role.ADMIN,
    Right.LOOK_AT_ACCOUNTS: Role.ADMIN,
    Right.ACCOUNTS: Role.ADMIN,
}
"""The least role that may."""

ASKED_ANEW = frozenset({Right.EXPORT, Right.ERASE, Right.ACCOUNTS})
"""What only somebody may do who has signed in within `sessions.RECENT`: a browser that was left open must not
be enough."""


def may(role: Role, right: Right) -> bool:
    return role.covers(LEAST[right])
