"""The `sendgrid` package with its traps closed.

Left to itself the package's client has no time-out, follows redirects (a 302 turns the POST into a GET and
the caller sees 200), opens a connection a call, cannot tell "not sent" from "no answer", and writes the key
and everybody's address to the log at DEBUG. `_make_request` is the seam it offers; all of that ends there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import python_http_client
import python_http_client.client
from sendgrid import SendGridAPIClient

if TYPE_CHECKING:
    import logging
    import urllib.request
    from collections.abc import Mapping

    from .wire import Answer, Wire


_READY = "application/json; ready"
"""A content type that the package does not know, and so leaves the body alone: its own json.dumps takes ten
times as long as orjson. What goes over the wire is application/json."""


class _Body(bytes):
    """A body that is ready. The package formats it for its log, whether the log wants it or not."""

    def encode(self, _encoding: str) -> _Body:
        return self

    def __format__(self, _spec: str) -> str:
        return f"{len(self)} bytes"


def send(api: Any, payload: Mapping[str, Any]) -> Any:
    """`POST /v3/mail/send` with a plain dict; the package's Response."""
    body = _Body(orjson.dumps(payload))
    return api.client.mail.send.post(request_body=body, request_headers={"Content-Type": _READY})


def connect(api_key: str, api_url: str, wire: Wire) -> Any:
    """The package's API client, talking over `wire`."""
    _silence()
    api = SendGridAPIClient(api_key=api_key, host=api_url)
    api.client = Client(wire, host=api_url, request_headers=api.client.request_headers, version=3)
    return api


class Client(python_http_client.Client):  # type: ignore[misc]
    """The package's client over a Wire. Any status is an answer; only what fails under HTTP raises."""

    def __init__(self, wire: Wire, **settings: Any) -> None:
        super().__init__(**settings)
        # Must be set in every instance: the base makes a URL segment of any attribute it does not find.
        self._wire = wire

    def _build_client(self, name: str | None = None) -> Client:
        # The base builds its own class here, whatever it was called on, and would lose the wire.
        return Client(
            self._wire,
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
        )

    def _make_request(
        self, opener: object, request: urllib.request.Request, timeout: float | None = None
    ) -> Answer:
        body = request.data if isinstance(request.data, bytes) else b""
        headers = dict(request.header_items())
        if headers.get("Content-type") == _READY:
            headers["Content-type"] = "application/json"
        return self._wire.exchange(request.get_method(), request.full_url, headers, body)


def _drop(record: logging.LogRecord) -> bool:
    return False


def _silence() -> None:
    # A filter, not a level: a logging configuration that names this logger sets its level, but leaves its
    # filters. Nothing that this logger writes is free of the key or of addresses.
    logger = python_http_client.client._logger
    if _drop not in logger.filters:
        logger.addFilter(_drop)
