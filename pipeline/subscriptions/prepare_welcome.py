"""What a digest's new readers are handed: its newest letter under words of welcome, or a mail of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.editions import find, public_names, welcome
from pipeline.editions.ledger import signing_keys
from pipeline.editions.message import message_of
from pipeline.letter.personal import Links
from pipeline.mail.welcome import above, words_above, words_alone
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition
    from pipeline.providers import Message


@dataclass(frozen=True, slots=True)
class PreparedWelcome:
    """The edition, what the provider is handed, and the words of welcome: the same for all new readers."""

    edition: Edition
    message: Message
    words: Mapping[str, str]
    links: Links


@dataclass(frozen=True, slots=True)
class NoWelcome:
    """Why a digest's new readers get nothing; ``later``: not before that is mended."""

    reason: str
    later: bool = False


def prepare(installation: Installation, name: str) -> PreparedWelcome | NoWelcome:
    """For the digest of this name. It asks the pages of the posts: call it in no transaction."""
    digest = next((one for one in installation.config.digests if one.name == name), None)
    if digest is None:
        return NoWelcome(f"{name} is in the configuration no more")
    if digest.welcome == "none":
        return NoWelcome('welcome = "none"')
    if not installation.config.newsletter.postal_address:
        return NoWelcome("newsletter.postal_address is missing", later=True)  # the law wants it
    try:
        return _prepared(installation, digest)
    except RapportError as error:  # mostly a template that is being changed
        return NoWelcome(error.message, later=True)


def _prepared(installation: Installation, digest: Digest) -> PreparedWelcome:
    config = installation.config
    edition = welcome.newest(installation, digest)
    with installation.database.read() as connection:
        due = find.next_letter(connection, digest, config.newsletter.zone, clock.now())
        first = not welcome.any_went(connection, config, digest)
    if edition is not None:
        message = above(message_of(config, edition))
        words = words_above(config, installation.templates, due)
    else:
        edition = welcome.by_itself(installation, digest)
        message = message_of(config, edition)
        words = words_alone(config, installation.templates, due, first=first)
    list_id = public_names.remember(installation.database, config, digest.name)
    if not config.delivery.hosted_unsubscribe:
        signing_keys.remember(installation.database, edition.id, installation.tokens.fingerprints[0])
    return PreparedWelcome(edition, message, words, Links(config, installation.tokens, digest.name, list_id))
