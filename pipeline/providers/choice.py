"""Which provider the configuration names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.core.environment import SENDGRID_KEY, SMTP_PASSWORD
from pipeline.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.core.sections.delivery import Delivery
    from pipeline.core.sections.delivery import Smtp as SmtpSettings
    from pipeline.providers import Provider
    from pipeline.providers.sendgrid.account import Account
    from pipeline.providers.sendgrid.suppressions import SuppressionLists
    from pipeline.providers.smtp.connection import Server


def provider(config: Config, folder: Path) -> Provider:
    """The provider that mail is handed to. Raises ConfigError when a key or setting that it needs is
    missing."""
    delivery = config.delivery
    if delivery.on_uncertain == "resend":
        must_tell_of_events(delivery)
    if delivery.provider == "outbox":
        from pipeline.providers.outbox import Outbox

        return Outbox(folder / delivery.outbox)
    if delivery.provider == "smtp":
        return _smtp(delivery.smtp)
    from pipeline.providers.sendgrid import SendGrid

    settings = delivery.sendgrid
    return SendGrid(
        api_key=_key(),
        api_url=settings.api_url,
        timeout=settings.timeout,
        connections=delivery.connections,
    )


def must_tell_of_events(delivery: Delivery) -> None:
    """Raises ConfigError where `on_uncertain = "resend"` is set and no events come."""
    # Without events their absence proves nothing, and everybody in doubt would be mailed twice.
    if delivery.provider != "sendgrid":
        raise ConfigError(
            'delivery.on_uncertain = "resend": it needs the provider\'s events, '
            f'and "{delivery.provider}" tells of none.',
            'Set it to "hold".',
        )
    if not delivery.sendgrid.webhook_public_key.strip():
        raise ConfigError(
            'delivery.on_uncertain = "resend": it needs the provider\'s events, and '
            "delivery.sendgrid.webhook_public_key is empty.",
            'Set the Event Webhook up and write its key there; or set on_uncertain to "hold".',
        )


def _smtp(settings: SmtpSettings) -> Provider:
    from pipeline.providers.smtp import Smtp

    return Smtp(smtp_server(settings), settings.connections)


def smtp_server(settings: SmtpSettings, timeout: float = 30.0) -> Server:
    """The mail server and its login. Raises ConfigError as `Server` does."""
    from pipeline.providers.smtp.connection import Server

    return Server(
        settings.host,
        settings.port,
        settings.security,
        settings.username,
        os.environ.get(SMTP_PASSWORD, ""),
        timeout,
    )


def suppression_lists(config: Config) -> SuppressionLists:
    """The provider's own suppression lists. Raises ConfigError where there are none, or no key."""
    if config.delivery.provider != "sendgrid":
        raise ConfigError(
            f'delivery.provider is "{config.delivery.provider}", which keeps no suppression lists.',
            'There is nothing to sync; it is for delivery.provider = "sendgrid".',
        )
    from pipeline.providers.sendgrid.suppressions import SuppressionLists

    settings = config.delivery.sendgrid
    return SuppressionLists(api_key=_key(), api_url=settings.api_url, timeout=settings.timeout)


def sendgrid_account(config: Config, timeout: float) -> Account:
    """SendGrid's account, to be asked about. Raises ConfigError where there is no key."""
    from pipeline.providers.sendgrid.account import Account

    settings = config.delivery.sendgrid
    return Account(api_key=_key(), api_url=settings.api_url, timeout=min(timeout, settings.timeout))


def _key() -> str:
    key = os.environ.get(SENDGRID_KEY, "").strip()
    if not key:
        raise ConfigError(
            "There is no SendGrid key.", f"Put it into the environment variable {SENDGRID_KEY}."
        )
    return key
