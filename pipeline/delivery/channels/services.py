"""A channel's configuration in, its service out."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from pipeline.core.errors import ProviderError
from pipeline.core.phrases import Phrases
from pipeline.providers.http import NoAnswer, NotSent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.config import Config
    from pipeline.core.sections.channel import Channel
    from pipeline.core.templates import Templates
    from pipeline.delivery.channels.service import Service


def service(
    config: Config, templates: Templates, environment: Mapping[str, str], channel: Channel
) -> Service:
    """The channel's service. Raises ProviderError when its secret is missing or cannot be one."""
    secret = channel.secret(environment)
    if not secret:
        raise ProviderError(
            f"The channel {channel.name} has no secret: ${channel.variable} is not set.",
            f"Set {channel.variable} to {_WHAT[channel.kind]}.",
        )
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ProviderError(f"${channel.variable} holds characters that no secret has.", "Copy it again.")
    if channel.kind == "mastodon":
        from pipeline.delivery.channels.mastodon import Mastodon

        words = Phrases(templates, "mail", config.newsletter)
        return Mastodon(channel, secret, templates, words.say("channels.delicate"))
    if channel.kind == "bluesky":
        from pipeline.delivery.channels.bluesky import Bluesky

        return Bluesky(channel, secret, templates)
    from pipeline.delivery.channels.webhook import Webhook

    return Webhook(channel, secret)


def try_out(at: Service) -> str:
    """What a service says of its account (Service.test). Raises ProviderError, also where it cannot be
    reached."""
    try:
        with closing(at):
            return at.test()
    except (NotSent, NoAnswer) as error:
        raise ProviderError(f"{error}.", "Check the channel's url in rapport.toml.") from None


_WHAT = {
    "mastodon": "an access token that may write:statuses, write:media, read:accounts and read:statuses",
    "bluesky": "an app password (Settings, Privacy and security, App passwords)",
    "webhook": "the key that its receiver checks signatures with, such as whsec_…",
}
