"""`pytest_plugins = ["tests.doubles.sendgrid.fixture"]` gives a test module `sendgrid_server`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.sendgrid.server import StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sendgrid_server() -> Iterator[StrictSendGrid]:
    """A strict SendGrid of this test's own."""
    with StrictSendGrid() as server:
        yield server
