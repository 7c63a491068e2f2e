"""Digests that only the database knows: a digest was renamed in rapport.toml alone, or taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import ok, warning
from pipeline.core.schema import schema_state
from pipeline.editions import after_trial, renaming
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context


def known(context: Context) -> Iterator[Finding]:
    if context.database is None or context.database_fault or not schema_state(context.database).is_current:
        return
    with context.database.read() as connection:
        found = renaming.known(connection, context.config)
        left = renaming.left_behind(connection, context.config)
    new = [one.digest for one in found if one.configured and not one.active + one.pending + one.unsubscribed]
    configured = {one.digest for one in found if one.configured}
    for one in left:
        if before := [name for name in one.former if name in configured]:
            yield warning(
                "digests.known",
                f"The digest {before[0]} was renamed: it is called {one.digest}. Nobody gets it until "
                "rapport.toml says so.",
                f'Write name = "{one.digest}" in its [[digests]] of rapport.toml.',
            )
            continue
        yield warning(
            "digests.known",
            f"rapport.toml does not have {one.digest}: nobody gets it (active readers: {one.active:,}, "
            f"editions: {one.editions:,}).",
            f"If it was renamed: `rapport digests rename {one.digest} {new[0] if new else 'NEW'}`. If not, "
            "write it in rapport.toml again, or leave it so: the links in its letters end all mail then.",
        )
    if not left:
        yield ok("digests.known", "Every digest with readers stands in rapport.toml.")


def trial(context: Context) -> Iterator[Finding]:
    """What only went to the outbox, and goes to readers now."""
    if context.database is None or context.database_fault or not schema_state(context.database).is_current:
        return
    config, at = context.config, clock.now()
    with context.database.read() as connection:
        found = [after_trial.told(connection, config, digest, at) for digest in config.digests]
    for said in found:
        if said is not None:
            yield warning("digests.trial", *said)


CHECKS = (known, trial)
