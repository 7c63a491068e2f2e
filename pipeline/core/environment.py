"""The environment variables and the file that Rapport reads its configuration and secrets from, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers.signing_secrets import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = "RAPPORT_CONFIG"
CONFIG_FILE = "rapport.toml"

SIGNING_SECRET = VARIABLE
SENDGRID_KEY = "SENDGRID_API_KEY"
SMTP_PASSWORD = "RAPPORT_SMTP_PASSWORD"  # noqa: S105
INBOUND_KEY = "RAPPORT_INBOUND_KEY"
CHANNEL = "RAPPORT_CHANNEL_"
"""How the variables begin that hold the channels' secrets; the channel's name follows."""

SECRETS = (SENDGRID_KEY, SMTP_PASSWORD, SIGNING_SECRET, INBOUND_KEY)

_SEVERAL = (SIGNING_SECRET, INBOUND_KEY)
"""May hold an old and a new one, with a comma between them, while it is changed."""

_SHORTEST = 4


def secrets_in(environment: Mapping[str, str]) -> list[str]:
    """Every secret that the environment holds, so that none is logged or shown.

    Values of less than four characters are left out: taking them out of a text would leave nothing readable.
    """
    found = [environment.get(name, "") for name in SECRETS if name not in _SEVERAL]
    found += [value for name, value in environment.items() if name.startswith(CHANNEL)]
    for name in _SEVERAL:
        found += environment.get(name, "").split(",")
    return [secret for secret in map(str.strip, found) if len(secret) >= _SHORTEST]
