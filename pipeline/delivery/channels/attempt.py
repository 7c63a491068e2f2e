"""One attempt to announce an edition on a channel, and what became of it.

It is written down before the request that can make it public. Of one that ended without a clear answer the
service is asked, and it is tried again only while the service itself keeps a repeat from becoming a second
post. Past that it stays `uncertain`, and staff are told.
"""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from pipeline.core.errors import LetterError, RapportError, as_rapport_error
from pipeline.core.unfinished import must_be_finished
from pipeline.delivery.channels import ledger
from pipeline.delivery.channels.announcement import AnnouncementState
from pipeline.delivery.channels.service import Answer, Ending, Look, Post, Sight
from pipeline.editions import find
from pipeline.providers.http import NoAnswer, NotSent
from subscribers import clock

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.sections.channel import Channel
    from pipeline.delivery.channels.announcement import Announcement
    from pipeline.delivery.channels.said import Said
    from pipeline.delivery.channels.service import Ready, Service

log = logging.getLogger(__name__)


def attempt(installation: Installation, channel: Channel, one: Announcement) -> None:
    """One look or attempt, and what became of it. The channel's lock is held."""
    # Whoever was posting it held the lock, and is gone.
    doubt = one.doubt or one.state is AnnouncementState.POSTING
    try:
        said = _said(installation, one)
        if not said.link:
            _end(
                installation,
                one,
                "it has no public page: the archive is private, and it has no post",
                doubt=doubt,
            )
            return
        with closing(_service(installation, channel)) as at:
            _try(installation, one, at, said, doubt=doubt)
    except LetterError as error:
        _end(installation, one, error.message, doubt=doubt)
    except RapportError as error:
        # A secret that is missing: it can be set. Nothing was asked for.
        _later(installation, one, error.message, 0.0, doubt=doubt)
    except SQLAlchemyError:
        raise
    except Exception as error:
        # An answer that nobody has thought of. It must not be tried without a rest, nor keep the channel's
        # other announcements waiting.
        log.info("channel %s failed", channel.name, exc_info=True)
        with installation.database.read() as connection:
            one = ledger.again(connection, one)
        doubt = doubt or one.state is AnnouncementState.POSTING
        _later(installation, one, as_rapport_error(error).message, 0.0, doubt=doubt)


def look(installation: Installation, channel: Channel, one: Announcement) -> Look:
    """What the service has of it; nothing is posted. The channel's lock is held."""
    with closing(_service(installation, channel)) as at:
        return _look(at, _post(one, _said(installation, one)))


def _try(installation: Installation, one: Announcement, at: Service, said: Said, *, doubt: bool) -> None:
    now, post = clock.now(), _post(one, said)
    found = _look(at, post)
    if found.sight is Sight.THERE:
        _posted(installation, one, found.text)
        return
    if found.sight is Sight.UNREACHABLE:
        _later(installation, one, found.text, 0.0, doubt=doubt)
        return
    if doubt and not (one.first_try and at.may_repeat(one.first_try, now)):
        _end(installation, one, one.reason or "the process that was posting it died", doubt=True)
        return
    if one.is_over(now):
        _end(installation, one, one.reason, doubt=doubt)
        return

    try:
        ready = at.prepare(post, said)
    except (NotSent, NoAnswer) as error:
        ready = Answer(Ending.NOT_NOW, str(error))  # nothing public was asked for
    if isinstance(ready, Answer):
        _record(installation, one, at, post, ready, doubt=doubt)
        return
    # From here on, not before: to look and to upload may take minutes, at a server that answers slowly.
    with must_be_finished():
        with installation.database.write() as connection:
            ledger.begin(connection, one, ready.content, clock.now(), doubt=doubt)
            one = ledger.again(connection, one)
        _record(installation, one, at, post, _publish(at, post, ready), doubt=doubt)


def _look(at: Service, post: Post) -> Look:
    try:
        return at.look(post)
    except (NotSent, NoAnswer) as error:
        return Look(Sight.UNREACHABLE, str(error))


def _publish(at: Service, post: Post, ready: Ready) -> Answer:
    try:
        return at.publish(post, ready)
    except NotSent as error:
        return Answer(Ending.NOT_NOW, str(error))
    except NoAnswer as error:
        return Answer(Ending.IN_DOUBT, str(error))


def _record(
    installation: Installation, one: Announcement, at: Service, post: Post, answer: Answer, *, doubt: bool
) -> None:
    if answer.ending is Ending.POSTED:
        _posted(installation, one, answer.text)
    elif answer.ending is Ending.REFUSED and not doubt:
        _end(installation, one, answer.text, doubt=False)
    elif answer.ending is Ending.REFUSED:
        # This attempt was refused; what became of an earlier one is still not known.
        found = _look(at, post)
        if found.sight is Sight.THERE:
            _posted(installation, one, found.text)
        else:
            _end(installation, one, answer.text, doubt=True)
    else:
        in_doubt = doubt or answer.ending is Ending.IN_DOUBT
        _later(installation, one, answer.text, answer.wait, doubt=in_doubt)


def _posted(installation: Installation, one: Announcement, address: str) -> None:
    with installation.database.write() as connection:
        ledger.posted(connection, one, address)


def _later(installation: Installation, one: Announcement, reason: str, wait: float, *, doubt: bool) -> None:
    if one.is_over(clock.now()):
        _end(installation, one, reason, doubt=doubt)
        return
    log.info("channel %s: %s", one.channel, reason)
    with installation.database.write() as connection:
        ledger.put_off(connection, one, reason, wait, doubt=doubt)


def _end(installation: Installation, one: Announcement, reason: str, *, doubt: bool) -> None:
    log.warning("channel %s: %s%s", one.channel, reason, "; it may have been posted" if doubt else "")
    with installation.database.write() as connection:
        ledger.ended(connection, one, reason, doubt=doubt)


def _service(installation: Installation, channel: Channel) -> Service:
    # Here and not above: in most runs nothing is announced.
    from pipeline.delivery.channels.services import service

    return service(installation.config, installation.templates, installation.environment, channel)


def _said(installation: Installation, one: Announcement) -> Said:
    from pipeline.delivery.channels.said import said_of

    with installation.database.read() as connection:
        return said_of(installation, connection, find.by_id(connection, one.edition_id))


def _post(one: Announcement, said: Said) -> Post:
    return Post(one.repeat_key, said.link, one.made_at, one.content)
