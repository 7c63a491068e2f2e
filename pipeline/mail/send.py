"""Mail to one person at a time: the provider opened once, a batch of one for each mail."""

from __future__ import annotations

import uuid
from contextlib import closing, contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.providers import Batch, Recipient
from pipeline.providers.choice import provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.core.app import Installation
    from pipeline.providers import BatchResult, Message

    Send = Callable[[Message, Recipient], BatchResult]
    """Hands one mail over. Raises nothing for what the other end does."""


NO_FIELDS: Mapping[str, str] = MappingProxyType({})


@contextmanager
def mailing(installation: Installation) -> Iterator[Send]:
    """What sends mails one by one. Raises ConfigError when the provider cannot be opened."""
    with closing(provider(installation.config, installation.folder)) as opened:

        def send(message: Message, to: Recipient) -> BatchResult:
            return opened.send(message, Batch(uuid.uuid4().hex, [to]))

        yield send


NOBODYS_ID = 0
"""In place of a subscriber's id: what comes of a mail to staff must not be taken for a reader's."""

AUTOMATIC = {"Auto-Submitted": "auto-generated"}
"""RFC 3834, 5: no person wrote it, so no vacation responder answers it."""


def addressee(address: str, subscriber: int = NOBODYS_ID, fields: Mapping[str, str] = NO_FIELDS) -> Recipient:
    """Whom a mail that is no edition goes to, without list headers; ``fields`` are theirs alone, by tag."""
    return Recipient(subscriber, address, AUTOMATIC, dict(fields))
