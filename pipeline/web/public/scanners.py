"""Whether somebody follows a link, or a program fetches it.

A browser says of each request by https what it is for (W3C, Fetch Metadata Request Headers): of a link that
is followed, also from a mail program, `Sec-Fetch-Mode: navigate` and `Sec-Fetch-Dest: document`. All do:
Chrome and Edge from 80 on, Firefox 90, Safari 16.4 (developer.mozilla.org). `Sec-Fetch-User` is no sign:
Safari sends none. What fetches ahead says so: by `Sec-Purpose`; before that was standard, by `Purpose`,
`X-Purpose` or `X-Moz`. Nothing here is about who it is: no address, no name of a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLLOWED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD_OF_NEED = ("prefetch", "prerender", "preview")


def is_scanner(headers: Mapping[str, str]) -> bool:
    """Whether a GET says itself that nobody follows a link by it. ``headers`` by names in small letters."""
    if any(headers.get(name, "").strip().lower() != value for name, value in _FOLLOWED.items()):
        return True
    return any(headers.get(name, "").strip().lower().startswith(_AHEAD_OF_NEED) for name in _AHEAD)
