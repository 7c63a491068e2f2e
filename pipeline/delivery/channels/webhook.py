"""A webhook, signed as Standard Webhooks signs (standardwebhooks.com, specification 1.0).

A receiver knows a repeat by `webhook-id`, which is the same at every attempt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.core.errors import ProviderError
from pipeline.delivery.channels.calling import Server
from pipeline.delivery.channels.service import Answer, Ending, Look, Ready, Sight
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipeline.core.sections.channel import Channel
    from pipeline.delivery.channels.calling import Reply
    from pipeline.delivery.channels.said import Said
    from pipeline.delivery.channels.service import Post

_PREFIX = "whsec_"
_SHORTEST = 24
"""Bytes of a key, by the specification."""

KIND = "edition.sent"
TEST = "channel.test"


class Webhook:
    """One receiver."""

    def __init__(self, channel: Channel, secret: str) -> None:
        self._key = _key(secret, channel.variable)
        parts = urlsplit(channel.url)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._server = Server(
            f"{parts.scheme}://{parts.netloc}",
            channel.host,
            f"channels.{channel.name}.url",
            secrets=[self._path, parts.path.strip("/"), parts.query, secret],
        )

    def look(self, post: Post) -> Look:
        return Look(Sight.BLIND)

    def may_repeat(self, first_try: datetime, now: datetime) -> bool:
        return True  # the receiver knows a repeat by its id

    def prepare(self, post: Post, said: Said) -> Ready | Answer:
        return Ready(post.content or _content(said, post.made_at))

    def publish(self, post: Post, ready: Ready) -> Answer:
        reply = self._deliver(post.key, ready.content)
        if reply.well:
            return Answer(Ending.POSTED, "")
        if reply.status == 410:  # the receiver wants no more
            return Answer(Ending.REFUSED, reply.said())
        # A repeat does no harm, so any other answer is tried again: a receiver may be down for a while.
        return Answer(Ending.NOT_NOW, reply.said(), reply.wait())

    def test(self) -> str:
        content = {"type": TEST, "timestamp": _moment(clock.now()), "data": {}}
        reply = self._deliver(f"msg_test_{int(clock.now().timestamp())}", content)
        if not reply.well:
            raise ProviderError(f"The receiver {reply.said()}.", "Look at its log; check its url and key.")
        return f"A signed delivery of the type “{TEST}” was sent, and the receiver took it."

    def close(self) -> None:
        self._server.close()

    def _deliver(self, key: str, content: Mapping[str, Any]) -> Reply:
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        at = str(int(clock.now().timestamp()))
        signed = hmac.digest(self._key, f"{key}.{at}.".encode() + body, hashlib.sha256)
        return self._server.ask(
            "POST",
            self._path,
            body=body,
            kind="application/json",
            headers={
                "webhook-id": key,
                "webhook-timestamp": at,
                "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
            },
        )


def _content(said: Said, at: datetime) -> dict[str, Any]:
    return {
        "type": KIND,
        "timestamp": _moment(at),
        "data": {
            "edition": said.slug,
            "digest": said.digest,
            "subject": said.title,
            "preheader": said.summary,
            "url": said.link,
            "language": said.language,
            "sent_at": _moment(said.at),
            "posts": [{"title": title, "url": url} for title, url in said.posts],
        },
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _key(secret: str, variable: str) -> bytes:
    """The key's bytes: base64 behind "whsec_", or any text that is long enough."""
    if not secret.startswith(_PREFIX):
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise ProviderError(
                f"{variable} begins with {_PREFIX} and is not base64 after that.", "Copy it again."
            ) from None
    if len(key) < _SHORTEST:
        raise ProviderError(
            f"{variable} is shorter than {_SHORTEST} bytes: such a key can be guessed.",
            f"Make one: echo {_PREFIX}$(openssl rand -base64 32)",
        )
    return key
