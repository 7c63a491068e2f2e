"""Announcing what was sent: each channel's turn, one process at a time; an attempt: `attempt.py`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipeline.core.errors import BusyError, RapportError, as_rapport_error
from pipeline.delivery.channels import enlisting, ledger
from pipeline.delivery.channels.announcement import UNFINISHED
from pipeline.delivery.channels.attempt import attempt, look
from pipeline.delivery.channels.service import Sight
from subscribers import clock, staff_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.app import Installation
    from pipeline.core.sections.channel import Channel
    from pipeline.delivery.channels.announcement import Announcement

log = logging.getLogger(__name__)


def announce(installation: Installation, stop: Callable[[], bool] = bool) -> bool:
    """Announce what waits for it; whether nothing waits any longer. What goes wrong on one channel is
    written down and keeps no other from its turn."""
    config = installation.config
    if not config.channels:
        return True
    names = [channel.name for channel in config.channels]
    with installation.database.write() as connection:
        enlisting.enlist(connection, config, clock.now())
    for channel in config.channels:
        if stop():
            break
        try:
            _turn(installation, channel, stop)
        except BusyError:
            continue  # another process is at it
        except Exception as error:  # whatever it is, the other channels go on
            log.warning("channel %s: %s", channel.name, as_rapport_error(error).message)
            log.info("channel %s failed", channel.name, exc_info=not isinstance(error, RapportError))
    with installation.database.read() as connection:
        return not ledger.unfinished(connection, names)


def announce_one(installation: Installation, channel: Channel, seen: Announcement, slug: str) -> Announcement:
    """One attempt for one edition, now, as ``seen`` by who asks for it; what became of it. What another
    process did about it since is left as it is: it may have been posted by that.

    Raises BusyError when another process is at the channel.
    """
    with installation.database.lock(lock_name(channel)):
        with installation.database.write() as connection:
            one = ledger.again(connection, seen)
            if (one.state, one.attempts) != (seen.state, seen.attempts):
                return one
            if one.state not in UNFINISHED:
                ledger.wait_again(connection, installation.config, channel, one, slug)
                one = ledger.again(connection, seen)
            staff_log.record(connection, "announce", slug, detail=channel.name)
        attempt(installation, channel, one)
        with installation.database.read() as connection:
            return ledger.again(connection, seen)


def look_again(installation: Installation, channel: Channel, one: Announcement) -> Announcement:
    """Ask the service about one that is in doubt, without posting anything."""
    with installation.database.lock(lock_name(channel)):
        found = look(installation, channel, one)
        with installation.database.write() as connection:
            if found.sight is Sight.THERE:
                ledger.posted(connection, one, found.text)
            return ledger.again(connection, one)


def lock_name(channel: Channel) -> str:
    """What is locked while an attempt is made, and before what became of the last one is judged."""
    return f"channel-{channel.name}"


def _turn(installation: Installation, channel: Channel, stop: Callable[[], bool]) -> None:
    with installation.database.read() as connection:
        if not ledger.due(connection, channel.name, clock.now()):
            return
    with installation.database.lock(lock_name(channel)):
        with installation.database.read() as connection:
            waiting = ledger.due(connection, channel.name, clock.now())
        for one in waiting:
            if stop():
                return
            attempt(installation, channel, one)
