"""The secrets that sign the links in letters: whether they are strong, private, and none was removed too
early."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok, warning
from pipeline.core.schema import schema_state
from pipeline.editions.ledger.signing_keys import history
from subscribers import clock, times
from subscribers.signing_secrets import VARIABLE, named_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context
    from pipeline.editions.ledger.signing_keys import Signed

STRONG = 24
"""Characters; in base64, as `rapport doctor` advises, they have 144 bits."""

BY_LAW = timedelta(days=60)
"""How long an unsubscribe link must work at least (CASL, section 11; CAN-SPAM asks for 30 days)."""


def secrets(context: Context) -> Iterator[Finding]:
    if context.tokens_fault:
        yield error("signing.secrets", context.tokens_fault.message, context.tokens_fault.remedy)
        return
    if context.tokens is None:
        yield ok("signing.secrets", "There is no secret yet: one is made beside the database at first use.")
        return
    number = len(context.tokens.fingerprints)
    weak = [place for place, named in enumerate(named_secrets(context.environment), 1) if _is_weak(named)]
    for place in weak:
        yield warning(
            "signing.secrets",
            f"Secret number {place} of ${VARIABLE} is short or repeats itself: who guesses it unsubscribes "
            "anybody.",
            "Put a new one before it (`python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`) and "
            "keep it behind: mailed links need it.",
        )
    if not weak:
        kept = "One secret signs links" if number == 1 else f"{number} secrets verify links, the first signs"
        yield ok("signing.secrets", f"{kept}.")


def private(context: Context) -> Iterator[Finding]:
    mode = context.secret_mode
    if mode is None:
        return
    if mode & 0o077:
        yield warning(
            "signing.private",
            f"{context.secret_file}, which holds the secret that signs links, had mode {mode:o}: other users "
            "of this machine could read it. It has 600 now.",
            f"If one of them may have, put a new secret before it in ${VARIABLE}.",
        )
    else:
        yield ok("signing.private", f"{context.secret_file} is readable for its owner alone.")


def retired(context: Context) -> Iterator[Finding]:
    """Which letters' links are dead, and whose would be if an older secret were removed."""
    database = context.database
    if context.tokens is None or database is None or not schema_state(database).is_current:
        return
    with database.read() as connection:
        signed = history(connection)
    listed, zone = context.tokens.fingerprints, context.config.newsletter.zone
    gone = [one for one in signed if one.fingerprint not in listed]
    for one in gone:
        yield _gone(one, zone)
    for one in signed:
        if one.fingerprint in listed[1:]:
            yield _older(one, listed.index(one.fingerprint) + 1, zone)
    if not gone:
        yield ok("signing.retired", f"Every secret that signed links is still listed ({len(signed)} did).")


def _gone(one: Signed, zone: ZoneInfo) -> Finding:
    message = (
        f"A secret that signed links until {times.day(one.at, zone)} is no longer listed: those in "
        f"{_range(one)} are dead, and nobody can unsubscribe by them."
    )
    remedy = f"Put that secret back, at the end of ${VARIABLE} (or its file beside the database)."
    if clock.now() - one.at < BY_LAW:
        return error(
            "signing.retired", message, f"{remedy} The law wants links to work for 60 days and more."
        )
    return warning("signing.retired", message, remedy)


def _older(one: Signed, place: int, zone: ZoneInfo) -> Finding:
    until = one.at + BY_LAW
    kept = f"; the law wants them until {times.day(until, zone)}" if clock.now() < until else ""
    return ok(
        "signing.older",
        f"Secret number {place} signed the links in {_range(one)}, last on "
        f"{times.day(one.at, zone)}: taken away, they would die{kept}.",
    )


def _range(one: Signed) -> str:
    return one.first if one.editions == 1 else f"{one.first} to {one.last} ({one.editions} editions)"


def _is_weak(secret: bytes) -> bool:
    return len(secret) < STRONG or len(set(secret)) < 8


CHECKS = (secrets, private, retired)
