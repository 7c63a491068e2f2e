"""Mastodon and servers that speak its API (docs.joinmastodon.org/methods/statuses, /media, /instance)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx
from selectolax.lexbor import LexborHTMLParser

from pipeline.core.errors import ProviderError
from pipeline.delivery.channels.calling import Server, address_in, judged, judged_unseen
from pipeline.delivery.channels.service import Answer, Ending, Look, Ready, Sight
from pipeline.delivery.channels.text import Limit, length, worded
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.sections.channel import Channel
    from pipeline.core.templates import Templates
    from pipeline.delivery.channels.said import Said
    from pipeline.delivery.channels.service import Post

KEPT = timedelta(minutes=55)
"""The server keeps an Idempotency-Key for an hour; five minutes are for clocks that differ."""

_PAGE, _MOST_PAGES = 40, 10
_LOOK_FOR = 30.0
"""Seconds after which no further page is asked for: each may come slowly."""

_LATE = timedelta(minutes=10)
"""How much earlier than the announcement was made a post of it may seem to be, by the server's clock."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What this server takes, in characters; the figures are those of a server that says nothing."""

    text: int = 500
    link: int = 23
    alt: int = 1500


class Mastodon:
    """One account."""

    def __init__(self, channel: Channel, token: str, templates: Templates, warning: str) -> None:
        self._channel = channel
        self._token = token
        self._templates = templates
        self._warning = warning
        self._server = Server(channel.url, channel.host, f"channels.{channel.name}.url", secrets=[token])

    def look(self, post: Post) -> Look:
        """The account's own posts since the announcement was made, for one that links to the letter."""
        me = self._server.ask("GET", "/api/v1/accounts/verify_credentials", token=self._token)
        if me.status in (401, 403, 404):
            return Look(Sight.BLIND, me.said())
        if not me.well or not me.field("id"):
            return Look(Sight.UNREACHABLE, me.said())
        return self._look(post, f"/api/v1/accounts/{quote(me.field('id'), safe='')}/statuses")

    def may_repeat(self, first_try: datetime, now: datetime) -> bool:
        return now < first_try + KEPT

    def prepare(self, post: Post, said: Said) -> Ready | Answer:
        content = post.content or self._content(said)
        picture = self._upload(content["alt"], said.card())
        return picture if isinstance(picture, Answer) else Ready(content, picture)

    def publish(self, post: Post, ready: Ready) -> Answer:
        document = {name: value for name, value in ready.content.items() if name != "alt"}
        if ready.picture:
            document["media_ids"] = [ready.picture]
        reply = self._server.ask(
            "POST",
            "/api/v1/statuses",
            token=self._token,
            document=document,
            headers={"Idempotency-Key": post.key},
        )
        if ended := judged(reply):
            return ended
        # A 200 that names no post is none that can be believed.
        address = address_in(reply.document)
        if not address:
            return Answer(Ending.IN_DOUBT, "answered without the post's address")
        return Answer(Ending.POSTED, address)

    def test(self) -> str:
        me = self._server.ask("GET", "/api/v1/accounts/verify_credentials", token=self._token)
        if not me.well:
            raise ProviderError(f"{self._channel.host} {me.said()}.", "Check url and secret.")
        limits = self._limits()
        who = f"@{me.field('acct')}, who may write {limits.text} characters"
        return f"The token is good for {who}. Nothing was posted."

    def close(self) -> None:
        self._server.close()

    def _content(self, said: Said) -> dict[str, Any]:
        limits = self._limits()
        warning = self._warning if said.delicate else ""
        room = Limit(limits.text - length(warning), link=limits.link)
        content: dict[str, Any] = {
            "status": worded(self._channel, self._templates, said, room),
            "language": said.language.partition("-")[0].lower(),
            "visibility": "public",
            "alt": said.alt[: limits.alt],
        }
        if warning:
            content |= {"spoiler_text": warning, "sensitive": True}
        return content

    def _limits(self) -> Limits:
        reply = self._server.ask("GET", "/api/v2/instance")
        told = reply.document.get("configuration") if reply.well else None
        told = told if isinstance(told, dict) else {}
        statuses, media, usual = told.get("statuses"), told.get("media_attachments"), Limits()
        return Limits(
            _number(statuses, "max_characters", usual.text),
            _number(statuses, "characters_reserved_per_url", usual.link),
            _number(media, "description_limit", usual.alt),
        )

    def _upload(self, alt: str, card: bytes) -> str | Answer:
        """The card's id; empty where the server takes no picture, for the post is worth more than it. An
        upload alone is seen by nobody."""
        form = httpx.Request(
            "POST",
            self._channel.url,
            data={"description": alt},
            files={"file": ("card.png", card, "image/png")},
        )
        reply = self._server.ask(
            "POST", "/api/v2/media", token=self._token, body=form.read(), kind=form.headers["Content-Type"]
        )
        ended = judged_unseen(reply)
        if ended is None:
            return reply.field("id")
        return "" if ended.ending is Ending.REFUSED and reply.status not in (401, 403) else ended

    def _look(self, post: Post, path: str) -> Look:
        since, before, until = post.made_at - _LATE, "", clock.uptime() + _LOOK_FOR
        for _ in range(_MOST_PAGES):
            if clock.uptime() > until:
                return Look(Sight.UNREACHABLE, f"its posts could not be seen within {_LOOK_FOR:g} seconds")
            asked = {"limit": _PAGE, "exclude_reblogs": "true"} | ({"max_id": before} if before else {})
            reply = self._server.ask("GET", f"{path}?{urlencode(asked)}", token=self._token)
            if reply.status in (401, 403, 404):
                return Look(Sight.BLIND, reply.said())
            if not reply.well or not isinstance(reply.value, list):
                return Look(Sight.UNREACHABLE, reply.said())
            page = [one for one in reply.value if isinstance(one, dict)]
            for status in page:
                if post.link in _links(status):
                    return Look(Sight.THERE, address_in(status))
            if not page or _made(page[-1]) < since:
                return Look(Sight.NOT_THERE)
            before = str(page[-1].get("id"))
        return Look(Sight.BLIND, "there are too many posts to look through")


def _number(found: object, name: str, usual: int) -> int:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) and 0 < value < 1_000_000 else usual


def _links(status: Mapping[str, Any]) -> set[str]:
    """The addresses that a post links to, in its text and by its card."""
    content = status.get("content")
    tree = LexborHTMLParser(content if isinstance(content, str) else "")
    found = {href for node in tree.css("a") if (href := node.attributes.get("href"))}
    shown = status.get("card")
    if isinstance(shown, dict) and isinstance(shown.get("url"), str):
        found.add(shown["url"])
    return found


def _made(status: Mapping[str, Any]) -> datetime:
    """When it was posted; what cannot be read is taken for old, for looking ends somewhere."""
    try:
        made = datetime.fromisoformat(str(status.get("created_at")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return made.replace(tzinfo=made.tzinfo or UTC)
