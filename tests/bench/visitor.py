"""Somebody of staff who goes through the dashboard, by one kept connection, as a browser does."""

from __future__ import annotations

import http.client
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator


class Visitor:
    """``host``: of `rapport serve`; ``cookie``: of whoever is signed in."""

    def __init__(self, host: str, cookie: str = "") -> None:
        self._host, self._cookie = host, {"cookie": cookie} if cookie else {}
        self._connection = http.client.HTTPConnection(host, timeout=60)

    def get(self, path: str) -> str:
        return self._asked("GET", path, None, 200)

    def post(self, path: str, form: dict[str, str], status: int = 200) -> str:
        return self._asked("POST", path, form, status)

    def begin(self, path: str, form: dict[str, str]) -> None:
        """Post a form, and take no more than the beginning of the answer."""
        self._request("POST", path, form)
        answer = self._connection.getresponse()
        assert answer.status == 200, (path, answer.status)
        answer.read(1)
        self._connection.close()  # the next request opens it again

    def events(self, shown: str, until: float) -> Iterator[None]:
        """Each time that the page ``shown``, or what came in its place, is told that it is old by now; until
        that moment of `time.monotonic`."""
        seen = re.search(r'data-version="([^"]+)"', shown)
        assert seen
        stream = self._cookie | {"accept": "text/event-stream"}
        self._connection.request("GET", f"/staff/events?seen={quote(seen[1])}", headers=stream)
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.status
        while (left := until - time.monotonic()) > 0:
            self._connection.sock.settimeout(left)
            try:
                line = answer.readline()
            except TimeoutError:
                return
            if line.startswith(b"event: change"):
                yield

    def hidden(self, path: str, *names: str) -> dict[str, str]:
        """Those hidden fields of the page, as they stand in its forms."""
        found = dict(re.findall(r'name="([a-z-]+)" value="([^"]*)"', self.get(path)))
        return {name: found[name] for name in names}

    def close(self) -> None:
        self._connection.close()

    def _asked(self, method: str, path: str, form: dict[str, str] | None, status: int) -> str:
        self._request(method, path, form)
        answer = self._connection.getresponse()
        content = answer.read().decode()
        assert answer.status == status, (method, path, answer.status)
        return content

    def _request(self, method: str, path: str, form: dict[str, str] | None) -> None:
        typed = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{self._host}"}
        body = urlencode(form) if form is not None else None
        self._connection.request(method, path, body, self._cookie | (typed if body is not None else {}))
