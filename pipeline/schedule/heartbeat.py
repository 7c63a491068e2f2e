"""Calling `staff.heartbeat_url` after a run that went well; a monitoring service tells staff when calls stop.

That tells them what no mail can: that the machine is down, that cron is off, or that the mail provider
refuses our mail. So it is not called after a run that went badly, nor while a notice to staff could
not be mailed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pipeline.core.sections.installation import Staff

TIMEOUT = 10.0
"""Seconds to connect, and for each part of the answer's head."""

log = logging.getLogger(__name__)


def beat(staff: Staff) -> None:
    """Call the address, if one is configured. Raises nothing: no run fails because of it."""
    if not staff.heartbeat_url:
        return
    import httpx

    # The path is a secret: whoever knows it can call as this installation. So only the host is logged.
    host = urlsplit(staff.heartbeat_url).hostname
    try:
        # The body is not read: it may be of any size.
        with httpx.stream("GET", staff.heartbeat_url, timeout=TIMEOUT, follow_redirects=True) as answer:
            if not answer.is_success:
                log.warning("The heartbeat address at %s answered %d.", host, answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        log.warning("The heartbeat address at %s could not be called: %s.", host, type(error).__name__)
