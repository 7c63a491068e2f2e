"""The `sendgrid` package with its traps closed.

Left to itself the package's client has no time-out, follows redirects (a 302 turns the POST into a GET and
the caller sees 200), opens a connection a call, cannot tell "not sent" from "no answer", and writes the key
and everybody's address to the log at DEBUG. `_make_request` is the seam it offers; all of that ends there.
"""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import orjson
import python_http_client
import python_http_client.client
from sendgrid import SendGridAPIClient

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from pipeline.providers.sendgrid.http import Answer, Wire


def send(api: Any, payload: Mapping[str, Any]) -> Any:
    """`POST /v3/mail/send` with a plain dict; the package's Response.

    By its seam directly: on the way there it formats every letter for its log, makes an opener that is not
    used, and takes ten times as long as orjson to write the JSON.
    """
    endpoint = api.client.mail.send
    headers = endpoint.request_headers | {"Content-Type": "application/json"}
    body = orjson.dumps(payload)
    request = urllib.request.Request(endpoint._build_url(None), body, headers, method="POST")  # noqa: S310
    return python_http_client.client.Response(endpoint._make_request(None, request))


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
        return self._wire.exchange(request.get_method(), request.full_url, dict(request.header_items()), body)


def _drop(record: logging.LogRecord) -> bool:
    return False


def _silence() -> None:
    # A filter, not a level: a logging configuration that names this logger sets its level, but leaves its
    # filters. Nothing that this logger writes is free of the key or of addresses.
    logger = python_http_client.client._logger
    if _drop not in logger.filters:
        logger.addFilter(_drop)
