"""Sends one edition: checks what must hold before a letter leaves, then delivers it.

The command `send`, the run and the workers all come through here.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core import logs
from pipeline.core.errors import ProviderError, RapportError
from pipeline.core.example import must_be_own
from pipeline.core.signals import Stop, on_signals
from pipeline.core.unfinished import must_be_finished
from pipeline.core.words import sentence
from pipeline.delivery import handed_to, last_look, probe
from pipeline.delivery.edition import PATIENCE, Delivery
from pipeline.delivery.refusals import RateLimited
from pipeline.editions import find, public_names, trial
from pipeline.editions.after_trial import end_trial
from pipeline.editions.approval import must_be_approved, must_pass
from pipeline.editions.edition import HANDED_OVER, Edition, EditionStatus
from pipeline.editions.ledger import outcomes, signing_keys
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.editions.message import message_of, uncounted
from pipeline.letter.personal import Links, is_of, tester
from pipeline.mail.send import mailing
from pipeline.providers import Result
from pipeline.providers.choice import provider
from subscribers import clock, staff_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.app import Installation

    Progress = Callable[[int, int], None]
    """Called with the number of recipients who no longer wait, and the number of all."""

log = logging.getLogger(__name__)


def send(
    installation: Installation,
    slug: str,
    progress: Progress,
    *,
    synced: bool = False,
    stop: Stop | None = None,
) -> Edition:
    """Deliver an approved edition, or continue one that is `sending`. The caller holds the digest's lock.

    An edition that is sent already is returned as it is, and one with a post that the blog took back is held.
    ``synced`` says that the caller has just taken over the provider's suppression lists and seen the
    unsubscribe page answer. ``stop`` as for `run`. Raises RapportError when the edition may not be sent."""
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
    if not _anyone_has_it(installation, edition):
        edition = last_look.hold_if_taken_back(installation, edition)
        if edition.status not in (*HANDED_OVER, EditionStatus.APPROVED):
            return edition
    with on_signals(stop) as asked:
        try:
            return _deliver(installation, edition, progress, asked)
        except RateLimited as limited:
            # Nothing went wrong: it is still `sending`, and who waits bears the reason.
            log.warning("%s %s", limited.message, limited.remedy)
    with installation.database.read() as connection:
        return find.by_id(connection, edition.id)


def _anyone_has_it(installation: Installation, edition: Edition) -> bool:
    """Whether a reader was handed the edition, surely or perhaps."""
    if edition.status == EditionStatus.APPROVED:
        return False
    with installation.database.read() as connection:
        counts = outcomes.counts(connection, edition.id)
    return counts[RecipientState.SENT] + counts[RecipientState.UNCERTAIN] > 0


def deliver(installation: Installation, edition_id: int, progress: Progress, *, stop: Stop) -> Edition:
    """Deliver an edition that is being sent, beside other workers, and return it as it then is.

    The ledger alone decides which worker hands over which batch. A worker waits for no other.
    """
    with installation.database.read() as connection:
        edition = find.by_id(connection, edition_id)
    if edition.status not in HANDED_OVER:
        return edition
    must_be_approved(edition)
    must_fit(installation, edition)
    return _deliver(installation, edition, progress, stop, patience=0)


@must_be_finished()
def _deliver(
    installation: Installation, edition: Edition, progress: Progress, stop: Stop, patience: float = PATIENCE
) -> Edition:
    config = installation.config
    must_be_own(config)
    handed_to.remember(installation.database, config.delivery, edition)
    with installation.database.write() as connection:
        trial.begin(connection, config)
        end_trial(connection, config, clock.now())
    list_id = public_names.remember(installation.database, config, edition.digest)
    links = Links(config, installation.tokens, edition.digest, list_id)
    if not config.delivery.hosted_unsubscribe:
        signing_keys.remember(installation.database, edition.id, installation.tokens.fingerprints[0])
    about = logs.about(digest=edition.digest, edition=edition.slug)
    with about, closing(provider(config, installation.folder)) as chosen:
        return Delivery(installation.database, config, chosen, links, progress, stop, patience).run(edition)


def must_fit(installation: Installation, edition: Edition) -> None:
    """Raise RapportError for an edition composed for the other kind of unsubscribe links: its tags would be
    sent as they stand."""
    if not is_of(installation.config, edition.text):
        raise RapportError(
            f"{edition.slug} was composed before delivery.sendgrid.unsubscribe was changed.",
            "Set that back until it is sent, or compose it anew (once approved: cancel it first).",
        )


def sync_leavers(installation: Installation) -> None:
    """Take over the provider's suppression lists where people can leave on its page only."""
    if installation.config.delivery.hosted_unsubscribe:
        from pipeline.delivery.suppression_sync import sync

        sync(installation)


def send_test(installation: Installation, edition: Edition, address: str, actor: str = "") -> None:
    """Send one marked copy to staff: without a row in the ledger, with personal links that do nothing, and an
    offer that is not counted. ``actor`` asked for it (default: the system's user)."""
    from subscribers.addresses import normalise

    if not edition.html:
        raise RapportError(f"{edition.slug} is {edition.status}: it has no letter.", "Test another edition.")
    must_be_own(installation.config)
    reader = tester(installation.config, edition.digest, normalise(address))
    message = message_of(installation.config, uncounted(edition))
    message = replace(message, subject=f"[Test] {message.subject}")
    with mailing(installation) as send_one:
        outcome = send_one(message, reader)
    became = outcome.of(reader.subscriber)
    if became is not Result.ACCEPTED:
        raise ProviderError(f"The copy was not taken ({became}): {sentence(outcome.reason)}")
    with installation.database.write() as connection:
        staff_log.record(connection, "test", edition.slug, actor=actor)
