"""The lists of who gets no mail: `GET /v3/suppression/{name}` with pages, as the API reference has them."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import parse_qsl

NAMES = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")
MOST = 500
_PARAMETERS = {"start_time", "end_time", "limit", "offset", "email"}


class Lists:
    """All five. ``asked`` are the names that were asked for, one a page; ``most`` the longest page."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.most = MOST
        self._entries: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
        self._lock = threading.Lock()

    def add(self, name: str, address: str, *, created: float | None = None, **more: str) -> None:
        """Put an address on a list; ``created`` in unix seconds, by default now."""
        at = int(time.time() if created is None else created)
        with self._lock:
            self._entries[name].append({"created": at, "email": address, **more})

    def add_raw(self, name: str, entry: Any) -> None:
        with self._lock:
            self._entries[name].append(entry)

    def page(self, name: str, query: str) -> list[Any] | str:
        """One page, or what is wrong with the question."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        if unknown := given.keys() - _PARAMETERS:
            return f"unknown parameter {sorted(unknown)[0]}"
        if not all(value.isdecimal() for key, value in given.items() if key != "email"):
            return "a number is due"
        limit, offset = int(given.get("limit", MOST)), int(given.get("offset", 0))
        if not 1 <= limit <= MOST:
            return "limit must be between 1 and 500"
        with self._lock:
            self.asked.append(name)
            return self._entries[name][offset : offset + min(limit, self.most)]
