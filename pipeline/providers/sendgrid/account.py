"""What SendGrid says of the account and the key: scopes, tracking, domains, webhooks. Nothing is changed.

A key sees only what it has a scope for, and a good key has little more than `mail.send`. So "not shown to
this key" (403) is no error: it raises Hidden.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.core.environment import SENDGRID_KEY
from pipeline.core.errors import ProviderError
from pipeline.core.words import sentence
from pipeline.providers import NO_CREDITS
from pipeline.providers.sendgrid.answer import NO_CREDITS_REMEDY, without_credits

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BODY = 1024 * 1024


class Hidden(Exception):
    """The key has no scope for the question (403)."""


class Shut(ProviderError):
    """No question can be asked: SendGrid is not reached, or does not know the key (401)."""


class Account:
    """Questions over one connection, for one thread. Each may raise Hidden, Shut or ProviderError."""

    def __init__(self, *, api_key: str, api_url: str, timeout: float) -> None:
        # Here and not above: the package pulls in cryptography and werkzeug, and start-up stays light.
        from pipeline.providers.sendgrid import client

        self._connection = client.connection_to(api_url, timeout, _MOST_BODY)
        self._api = client.connect(api_key, api_url.rstrip("/"), self._connection)

    def scopes(self) -> list[str]:
        """GET /v3/scopes, which every key may ask."""
        return [scope for scope in self._list("scopes", "scopes") if isinstance(scope, str)]

    def tracking(self) -> list[str]:
        """The kinds of tracking that are on unless a request turns them off (GET /v3/tracking_settings)."""
        found = self._list("tracking_settings", "result")
        return [str(one.get("name")) for one in _objects(found) if one.get("enabled") is True]

    def domains(self) -> list[dict[str, Any]]:
        """Authenticated domains: {domain, subdomain, valid, automatic_security, dns: {…: {host, type, data}}}
        (GET /v3/whitelabel/domains)."""
        return _objects(self._list("whitelabel/domains", None, {"limit": 50}))

    def webhooks(self) -> list[dict[str, Any]]:
        """Event Webhooks: {url, enabled, public_key (only while it signs), bounce, dropped, spam_report, …}
        (GET /v3/user/webhooks/event/settings/all)."""
        return _objects(self._list("user/webhooks/event/settings/all", "webhooks"))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _list(self, path: str, inside: str | None, query: Mapping[str, int] | None = None) -> list[Any]:
        from pipeline.providers import http

        try:
            answer = self._api.client._(path).get(query_params=query)
        except (http.NotSent, http.NoAnswer) as error:
            raise Shut(
                sentence(f"SendGrid could not be asked: {error}"),
                "Check delivery.sendgrid.api_url and whether this machine reaches it.",
            ) from None
        document = _document(path, answer.status_code, answer.body)
        found = document.get(inside) if inside and isinstance(document, dict) else document
        if not isinstance(found, list):
            raise _unreadable(path)
        return found


def _document(path: str, status: int, body: bytes) -> Any:
    if status in (401, 402, 403) and without_credits(body):
        raise Shut(f"{NO_CREDITS} ({status}).", NO_CREDITS_REMEDY)
    if status == 403:
        raise Hidden
    if status == 401:
        raise Shut(
            "SendGrid does not know the API key (401).",
            f"Make a new one (Settings, API Keys) and put it into {SENDGRID_KEY}; an EU subuser's key works "
            "at https://api.eu.sendgrid.com only.",
        )
    if status != 200:
        raise ProviderError(
            f"SendGrid answered {status} to GET /v3/{path}.", "Try again later; see status.sendgrid.com."
        )
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _unreadable(path) from None


def _objects(found: list[Any]) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)]


def _unreadable(path: str) -> ProviderError:
    return ProviderError(
        f"SendGrid's answer to GET /v3/{path} cannot be read.", "Check delivery.sendgrid.api_url."
    )
