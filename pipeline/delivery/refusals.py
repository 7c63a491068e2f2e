"""What a server's refusal of us means for an edition (relaying, login, policy; not the reader).

The first time everyone concerned waits, and staff see to it. Who is refused so again, after staff let the
edition go on and the server takes it for most others, is refused for a reason of their own after all, such as
their domain's policy that the server knows of: they are failed, and keep the letter from nobody for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core.errors import ProviderError
from pipeline.core.words import sentence
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import outcomes, reasons
from pipeline.editions.ledger.batch_states import RecipientState
from pipeline.providers import BatchResult, Result

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.editions.edition import Edition
    from pipeline.editions.ledger.claims import Claim

FEW = 0.5
"""At most so many, as a share of those who have the letter, are refused again for a reason of their own."""


LIMITED = "the provider limits the rate"
"""How the reason begins of who waits for that; the next run goes on by itself."""


class RateLimited(ProviderError):
    """The provider limits how much mail it takes in a time. Nothing went wrong: the next run goes on."""


def judge(connection: Connection, claim: Claim, outcome: BatchResult) -> BatchResult:
    """The outcome of a batch as it is recorded: with who is refused again among the `rejected`, and who waits
    because the rate is limited told as that. Asked in the transaction that records it, so that a database
    which is lost here is waited for as one that is lost there."""
    if outcome.limited:
        why = f"{LIMITED}: {outcome.limited}"
        reason = why if outcome.result is Result.REFUSED else outcome.reason
        outcome = replace(outcome, reason=reason, untried=dict.fromkeys(outcome.untried, why), limited=why)
    if not outcome.denied:
        return outcome
    before = outcomes.refused_us(connection, claim.edition)
    has_it = outcomes.counts(connection, claim.edition)[RecipientState.SENT]
    theirs = {who: why for who, why in outcome.denied.items() if who in before}
    # All who wait for that count: of many the provider names only so many at a time.
    if not theirs or len(before | outcome.denied.keys()) > FEW * has_it:
        return outcome
    outcome = replace(
        outcome,
        rejected={**outcome.rejected, **theirs},
        denied={who: why for who, why in outcome.denied.items() if who not in theirs},
    )
    if outcome.denied:
        return outcome
    if outcome.result is not Result.STOP:
        return replace(outcome, stopped="")
    # Nobody of the batch was taken. Who was not refused so goes on waiting.
    others = {who: outcome.reason for who, _ in claim.members if who not in outcome.rejected}
    return replace(outcome, result=Result.ACCEPTED, reason="", stopped="", untried=others)


def raise_if_ended(edition: Edition, outcome: BatchResult) -> None:
    """Raise ProviderError when the provider takes nothing more: RateLimited when only for now."""
    if outcome.result is Result.STOP and edition.status == EditionStatus.SENT:
        raise ProviderError(
            f"{edition.slug}: {sentence(outcome.reason)}",
            "See to that; who is in doubt stays so until a later `rapport run` tries again.",
        )
    if why := outcome.reason if outcome.result is Result.STOP else outcome.stopped:
        raise ProviderError(
            f"{edition.slug} is paused: {sentence(why)}",
            f"See to that, then `rapport editions resume {edition.slug}`; nobody is lost.",
        )
    if outcome.limited:
        raise RateLimited(
            f"{edition.slug} goes out in parts: {sentence(outcome.limited)}",
            "Nothing is lost; the next `rapport run` goes on where this one stopped.",
        )


def raise_if_nobody_has_it(ended: Edition) -> None:
    """Raise ProviderError for an edition that was paused at its end, for it reached nobody."""
    if ended.status == EditionStatus.PAUSED and (ended.reason or "").startswith(reasons.NOBODY):
        raise ProviderError(
            f"{ended.slug} is paused: {sentence(ended.reason or '')}",
            f"See to the cause, then `rapport editions again {ended.slug} --failed` and `rapport run`; "
            f"`rapport editions cancel {ended.slug}` gives it up.",
        )
