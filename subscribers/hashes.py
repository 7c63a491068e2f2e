"""Keyed hashes: what can be counted and known again, and not read. Their key is in the database."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from subscribers.addresses import normalise
from subscribers.tables import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def mailbox(connection: Connection, email: str, kind: str = "mailbox") -> str:
    """The keyed hash of the mailbox behind an address: a plus and what follows it name no other, nor do
    Gmail's dots. Each ``kind`` has hashes of its own.

    It serves to count what strangers have sent to one person, never to decide whether two people are the
    same.
    """
    local, _, domain = normalise(email).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return keyed(connection, f"{kind}:{local}@{domain}")


def keyed(connection: Connection, text: str) -> str:
    """The keyed hash of something by which is counted, and that need not be read again."""
    return hasher(connection)(text)


def hasher(connection: Connection) -> Callable[[str], str]:
    """What makes the keyed hash of a text; made once for many."""
    key = connection.execute(select(keys.c.value).where(keys.c.name == "forgotten")).scalar_one()
    keyed = hashlib.blake2b(key=bytes.fromhex(key), digest_size=32)

    def code(text: str) -> str:
        made = keyed.copy()
        made.update(text.encode())
        return made.hexdigest()

    return code
