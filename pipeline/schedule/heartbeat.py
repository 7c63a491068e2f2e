"""Calling `staff.heartbeat_url` after a run that went well, for a service that tells staff when calls stop.

So they learn of what no mail can tell them: that the machine is down, cron is off, or the mail provider
refuses what is sent. That is why it is not called after a run that went badly, nor while a notice to staff
could not be mailed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pipeline.core.config import Staff

TIMEOUT = 10.0
"""Seconds for the connection, and for each part of the answer's head."""

log = logging.getLogger(__name__)


def beat(staff: Staff) -> None:
    """Call the address, if there is one. Raises nothing: no run fails because of it."""
    if not staff.heartbeat_url:
        return
    import httpx

    # Its path is a secret of the practice: who knows it can call in its name.
    host = urlsplit(staff.heartbeat_url).hostname
    try:
        # The body is not read: it may be of any size.
        with httpx.stream("GET", staff.heartbeat_url, timeout=TIMEOUT, follow_redirects=True) as answer:
            if not answer.is_success:
                log.warning("The heartbeat address at %s answered %d.", host, answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        log.warning("The heartbeat address at %s could not be called: %s.", host, type(error).__name__)
