"""Sending one edition: what must hold before a letter leaves, and the hand-over itself.

Doors of all kinds come here: `send` by hand, `run`, and the workers of the fleet.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core import logs
from pipeline.core.errors import ProviderError, RapportError
from pipeline.core.signals import Stop, on_signals
from pipeline.delivery import last_look, probe
from pipeline.delivery.edition import PATIENCE, Delivery
from pipeline.editions import find
from pipeline.editions.approval import must_be_approved, must_pass
from pipeline.editions.edition import HANDED_OVER, Edition, EditionStatus
from pipeline.editions.ledger import signing_keys
from pipeline.editions.message import message_of
from pipeline.letter.personal import Links, is_of, tester
from pipeline.providers import Batch, Result
from pipeline.providers.choice import provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.app import Installation

    Progress = Callable[[int, int], None]
    """Called with how many recipients no longer wait, and how many there are."""


def send(
    installation: Installation,
    slug: str,
    progress: Progress,
    *,
    synced: bool = False,
    stop: Stop | None = None,
) -> Edition:
    """Deliver an approved edition, or go on with one left in `sending`. The caller holds the lock.

    One that is sent already is given back as it is, and one with a post that the blog took back is held. Raises RapportError when it may not be sent. ``synced``:
    whoever left at the provider was taken off right before, and the readers' way out was seen to be open.
    ``stop`` as for `run`.
    """
    with installation.database.read() as connection:
        edition = find.by_slug(connection, slug)
    if edition.status == EditionStatus.SENT:
        return edition
    if edition.status not in (EditionStatus.APPROVED, EditionStatus.SENDING):
        raise RapportError(
            f"{slug} is {edition.status}, not approved.", f"Decide with `rapport editions approve {slug}`."
        )
    must_be_approved(edition)
    must_fit(installation, edition)
    if edition.status == EditionStatus.APPROVED:
        must_pass(installation, edition)
        if not synced:
            probe.must_answer(installation, edition)
            sync_leavers(installation)
        edition = last_look.hold_if_taken_back(installation, edition)
        if edition.status not in HANDED_OVER and edition.status != EditionStatus.APPROVED:
            return edition
    with on_signals(stop) as asked:
        return _deliver(installation, edition, progress, asked)


def deliver(installation: Installation, edition_id: int, progress: Progress, *, stop: Stop) -> Edition:
    """Work on an edition that is being sent, beside others who do; give it back as it then stands.

    For workers: the ledger alone decides who hands over what, and nobody is waited for.
    """
    with installation.database.read() as connection:
        edition = find.by_id(connection, edition_id)
    if edition.status not in HANDED_OVER:
        return edition
    must_be_approved(edition)
    must_fit(installation, edition)
    return _deliver(installation, edition, progress, stop, patience=0)


def _deliver(
    installation: Installation, edition: Edition, progress: Progress, stop: Stop, patience: float = PATIENCE
) -> Edition:
    config = installation.config
    links = Links(config, installation.tokens, edition.digest)
    if not config.delivery.hosted_unsubscribe:
        signing_keys.remember(installation.database, edition.id, installation.tokens.fingerprints[0])
    about = logs.about(digest=edition.digest, edition=edition.slug)
    with about, closing(provider(config, installation.folder)) as chosen:
        return Delivery(installation.database, config, chosen, links, progress, stop, patience).run(edition)


def must_fit(installation: Installation, edition: Edition) -> None:
    # The tags of one way out would go out as they stand by the other.
    if not is_of(installation.config, edition.text):
        raise RapportError(
            f"{edition.slug} was composed before delivery.sendgrid.unsubscribe was changed.",
            "Set that back until it is sent, or compose it anew (once approved: cancel it first).",
        )


def sync_leavers(installation: Installation) -> None:
    """Where people leave on SendGrid's page only, an edition waits until it is known who did."""
    if installation.config.delivery.hosted_unsubscribe:
        from pipeline.delivery.suppression_sync import sync

        sync(installation)


def send_test(installation: Installation, edition: Edition, address: str) -> None:
    """Send one marked copy to staff. No row of the ledger, and no list headers."""
    from subscribers.addresses import normalise

    if not edition.html:
        raise RapportError(f"{edition.slug} is {edition.status}: it has no letter.", "Test another edition.")
    chosen = provider(installation.config, installation.folder)
    reader = tester(installation.config, edition.digest, normalise(address))
    message = message_of(installation.config, edition)
    message = replace(message, subject=f"[Test] {message.subject}")
    try:
        outcome = chosen.send(message, Batch(uuid.uuid4().hex, [reader]))
    finally:
        chosen.close()
    became = outcome.of(reader.subscriber)
    if became is not Result.ACCEPTED:
        raise ProviderError(f"The copy was not taken ({became}): {outcome.reason}")
