"""What staff ask for: to announce an edition now, also one that was refused or is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError, UsageError
from pipeline.delivery.channels import announce, enlisting, ledger
from pipeline.delivery.channels.announcement import AnnouncementState
from pipeline.editions import find
from pipeline.editions.edition import EditionStatus
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.app import Installation
    from pipeline.core.sections.channel import Channel
    from pipeline.delivery.channels.announcement import Announcement
    from pipeline.editions.edition import Edition


def post_by_hand(
    installation: Installation, slug: str, channels: Sequence[Channel], *, anyway: bool
) -> list[Announcement]:
    """One attempt on each channel where the edition is not posted yet; what became of each.

    ``anyway`` tries also what may have been posted already: staff have looked, and it is not there. Raises
    UsageError without channels, RapportError for an edition that was not sent or may have been posted.
    """
    if not channels:
        raise UsageError("There is no channel.", "Add one under [[channels]] in rapport.toml.")
    with installation.database.read() as connection:
        edition = find.by_slug(connection, slug)
    _must_be_out(installation, edition, channels)
    return [_post(installation, edition, channel, anyway=anyway) for channel in channels]


def _must_be_out(installation: Installation, edition: Edition, channels: Sequence[Channel]) -> None:
    if edition.status is not EditionStatus.SENT:
        raise RapportError(
            f"{edition.slug} is {edition.status}: only what was sent is announced.",
            "It is announced by itself once it is sent.",
            code="not_sent",
        )
    if not edition.for_all:
        raise RapportError(
            f"{edition.slug} is not for everybody: it went to some readers only.",
            "Write a note for all if the world is to know it.",
            code="not_for_all",
        )
    far = [channel.name for channel in channels if not channel.local]
    if far and not enlisting.went_out(edition):
        raise RapportError(
            f"{edition.slug} was written to the outbox: nobody was mailed, so nothing is announced.",
            "Set delivery.provider to what mails readers; the next edition is announced.",
            code="not_sent",
        )


def _post(installation: Installation, edition: Edition, channel: Channel, *, anyway: bool) -> Announcement:
    with installation.database.write() as connection:
        enlisting.add(connection, installation.config, channel, edition, clock.now())
        one = ledger.find(connection, edition.id, channel.name)
    assert one is not None, "it was just added"
    if one.state is AnnouncementState.POSTED:
        return one
    if one.state is AnnouncementState.UNCERTAIN and not anyway:
        one = announce.look_again(installation, channel, one)
        if one.state is AnnouncementState.POSTED:
            return one
        raise RapportError(
            f"{edition.slug} may be on {channel.name} already ({one.reason}); it could not be found there.",
            f"Look at the account; if it is not there: `rapport channels post {edition.slug} "
            f"--channel {channel.name} --anyway`.",
            code="uncertain",
        )
    return announce.announce_one(installation, channel, one, edition.slug)
