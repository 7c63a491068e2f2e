"""Who joins a list in these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers import signup

if TYPE_CHECKING:
    from pipeline.core.app import Installation

ADA = "ada@example.org"


def confirm(installed: Installation, address: str = ADA, *digests: str) -> int:
    """Somebody signs up and confirms; their id."""
    with installed.database.write() as connection:
        asked = signup.ask(
            connection, address, digests=digests or ["weekly"], wording="yes", source="form", by_staff=True
        )
        assert asked is not None
        done = signup.confirm(connection, asked, source="mail")
        assert done is not None
        return done.subscriber
