"""The `sendgrid` package with its traps closed.

By itself the package's client has no time-out, follows redirects (a 302 turns the POST into a GET and the
caller sees 200), opens a connection for each call, cannot tell "not sent" from "no answer", and logs the key
and every address at DEBUG. Overriding its `_make_request`, and a filter on its logger, prevent all of that.
"""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import orjson
import python_http_client
import python_http_client.client
from sendgrid import SendGridAPIClient

from pipeline.core.environment import SENDGRID_KEY
from pipeline.core.errors import ProviderError
from pipeline.providers import http

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from pipeline.providers.http import Connection, HttpAnswer


def connection_to(api_url: str, timeout: float, most_body: int = http.MOST_BODY) -> Connection:
    """A connection to SendGrid that opens when it is needed. Raises ConfigError for what is no address."""
    return http.Connection(
        api_url,
        timeout,
        most_body,
        server="SendGrid",
        key="delivery.sendgrid.api_url",
        remedy='Set it to "https://api.sendgrid.com".',
    )


def send(api: Any, payload: Mapping[str, Any]) -> Any:
    """`POST /v3/mail/send` with a plain dict; the package's Response.

    It calls `_make_request` directly: on the way there the package formats every letter for its log, makes
    an opener that is not used, and takes ten times as long as orjson to write the JSON.
    """
    endpoint = api.client.mail.send
    headers = endpoint.request_headers | {"Content-Type": "application/json"}
    body = orjson.dumps(payload)
    request = urllib.request.Request(endpoint._build_url(None), body, headers, method="POST")  # noqa: S310
    return python_http_client.client.Response(endpoint._make_request(None, request))


def connect(api_key: str, api_url: str, connection: Connection) -> Any:
    """The package's API client, over a connection of ours. Raises ProviderError as `checked` does."""
    _silence()
    api = SendGridAPIClient(api_key=checked(api_key), host=api_url)
    api.client = Client(connection, host=api_url, request_headers=api.client.request_headers, version=3)
    return api


def checked(api_key: str) -> str:
    """A key that can stand in a header. Raises ProviderError, which does not quote it."""
    # A key read from a file ends in a newline. An empty one must not reach the package, which would
    # look for another in the environment and, finding none, send "Bearer None".
    api_key = api_key.strip()
    if not api_key:
        raise ProviderError("There is no SendGrid API key.", f"Set {SENDGRID_KEY}.")
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise ProviderError(
            "The SendGrid API key holds characters that no key has.", f"Copy it into {SENDGRID_KEY} again."
        )
    return api_key


class Client(python_http_client.Client):  # type: ignore[misc]
    """The package's client over a Connection. Any status is an answer; only what fails below HTTP raises."""

    def __init__(self, connection: Connection, **settings: Any) -> None:
        super().__init__(**settings)
        # Must be set in every instance: the base makes a URL segment of any attribute it does not find.
        self._connection = connection

    def _build_client(self, name: str | None = None) -> Client:
        # The base builds its own class here, whatever it was called on, and would lose the connection.
        return Client(
            self._connection,
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
        )

    def _make_request(
        self, opener: object, request: urllib.request.Request, timeout: float | None = None
    ) -> HttpAnswer:
        body = request.data if isinstance(request.data, bytes) else b""
        headers = dict(request.header_items())
        return self._connection.exchange(request.get_method(), request.full_url, headers, body)


def _drop(record: logging.LogRecord) -> bool:
    return False


def _silence() -> None:
    # A filter, not a level: a logging configuration that names this logger sets its level and leaves its
    # filters. Everything that this logger writes may hold the key or addresses.
    logger = python_http_client.client._logger
    if _drop not in logger.filters:
        logger.addFilter(_drop)
