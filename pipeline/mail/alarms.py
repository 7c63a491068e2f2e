"""Telling staff where mail may not get to: ntfy, Slack, Telegram and others, by the library apprise.

A key that the mail provider refuses cannot be told by mail. A repeat does no harm here: nothing is counted.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_INSTALL = "Install it: pip install 'rapport[alarms]'."


def ring(urls: Sequence[str], title: str, text: str) -> bool:
    """Send a notice to each address of `staff.alarms`; whether one took it. Raises nothing.

    ``title`` and ``text`` must hold nothing of a reader: these services are others'.
    """
    reached = False
    for number, url in enumerate(urls, 1):
        try:
            # Not all at once: one that is broken keeps no other from being told.
            reached = bool(_opened(url).notify(body=text, title=title)) or reached
        except Exception as error:  # a library's fault must not stop what goes on
            log.error("staff.alarms[%d] could not be told: %s", number, type(error).__name__)
    if urls and not reached:
        log.error("staff could not be told by staff.alarms: %s", title)
    return reached


def problem(url: str) -> ConfigError | None:
    """What is wrong with an address of `staff.alarms`; None where it can be used. Never quotes it."""
    try:
        _opened(url)
    except ConfigError as error:
        return error
    return None


def _opened(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        raise ConfigError("the package apprise is not installed.", _INSTALL) from None
    # It logs addresses, which hold secrets.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    opened = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    if not opened.add(url):
        raise ConfigError(
            "it is no address that apprise knows.",
            'Write one such as "ntfy://host/topic"; github.com/caronc/apprise lists them.',
        )
    return opened
