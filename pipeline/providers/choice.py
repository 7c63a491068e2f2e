"""Which provider the configuration names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.config import Config
    from pipeline.providers import Provider


def provider(config: Config, folder: Path) -> Provider:
    """The provider to hand mail to. Raises ConfigError when a key or setting it needs is missing."""
    delivery = config.delivery
    if delivery.on_uncertain == "resend":
        raise ConfigError(
            'delivery.on_uncertain = "resend" is not built yet: it needs the events of the provider.',
            'Leave it at "hold".',
        )
    if config.match.count_clicks:
        raise ConfigError(
            "match.count_clicks is not built yet: it needs the web pages.", "Leave it at false."
        )
    if delivery.provider == "outbox":
        from pipeline.providers.outbox import Outbox

        return Outbox(folder / delivery.outbox)
    if delivery.provider == "smtp":
        raise ConfigError(
            'delivery.provider = "smtp" is not built yet.', 'Use "sendgrid", or "outbox" to try things out.'
        )
    if delivery.sendgrid.unsubscribe == "sendgrid":
        raise ConfigError(
            'delivery.sendgrid.unsubscribe = "sendgrid" is not built yet.',
            'Leave it at "ours".',
        )
    from pipeline.providers.sendgrid import SendGrid

    key = os.environ.get("SENDGRID_API_KEY", "").strip()
    if not key:
        raise ConfigError(
            "There is no SendGrid key.", "Put it into the environment variable SENDGRID_API_KEY."
        )
    return SendGrid(api_key=key, api_url=delivery.sendgrid.api_url, timeout=delivery.sendgrid.timeout)
