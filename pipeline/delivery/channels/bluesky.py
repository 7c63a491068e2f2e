"""Bluesky: one record of the AT Protocol (atproto.com/specs/tid, docs.bsky.app/docs/advanced-guides/posts).

The record's key is made from the edition, so the same post can exist once only, however often it is tried.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from pipeline.core.errors import ProviderError
from pipeline.delivery.channels.calling import Server, judged, judged_unseen
from pipeline.delivery.channels.service import Answer, Ending, Look, Ready, Sight
from pipeline.delivery.channels.text import Limit, worded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.sections.channel import Channel
    from pipeline.core.templates import Templates
    from pipeline.delivery.channels.calling import Reply
    from pipeline.delivery.channels.said import Said
    from pipeline.delivery.channels.service import Post

LIMIT = Limit(300, 3000)
"""Of the lexicon app.bsky.feed.post: maxGraphemes and maxLength."""

MOST_PICTURE = 1_000_000
"""Bytes of a thumb (app.bsky.embed.external)."""

_COLLECTION = "app.bsky.feed.post"


class Session(NamedTuple):
    """Who is signed in, and the tokens: one to ask with, one to get the next with."""

    did: str
    handle: str
    access: str
    refresh: str


_sessions: dict[tuple[str, str, bytes], Session] = {}
_taking = threading.Lock()
"""Sessions are kept for as long as the process lives: a server lets an account begin 300 a day."""


class Bluesky:
    """One account on one server (PDS)."""

    def __init__(self, channel: Channel, password: str, templates: Templates) -> None:
        self._channel = channel
        self._password = password
        self._templates = templates
        self._server = Server(channel.url, channel.host, f"channels.{channel.name}.url", secrets=[password])
        self._kept = (channel.url, channel.account, hashlib.sha256(password.encode()).digest())

    def look(self, post: Post) -> Look:
        """The record under the post's key. It needs no sign-in, but the account's id, which does."""
        session = self._session()
        if isinstance(session, Answer):
            sight = Sight.BLIND if session.ending is Ending.REFUSED else Sight.UNREACHABLE
            return Look(sight, session.text)
        return self._look(session, post)

    def may_repeat(self, first_try: datetime, now: datetime) -> bool:
        return True  # under one key there is one record at most

    def prepare(self, post: Post, said: Said) -> Ready | Answer:
        session = self._session()
        if isinstance(session, Answer):
            return session
        content = post.content or self._content(said, post.made_at)
        picture = self._upload(session, said.card())
        return picture if isinstance(picture, Answer) else Ready(content, picture)

    def publish(self, post: Post, ready: Ready) -> Answer:
        session = self._session()
        if isinstance(session, Answer):
            return session
        record = dict(ready.content)
        if ready.picture:
            shown = {**record["embed"]["external"], "thumb": ready.picture}
            record["embed"] = {**record["embed"], "external": shown}
        return self._put(session, post, record)

    def test(self) -> str:
        session = self._begun()
        if isinstance(session, Answer):
            raise ProviderError(
                f"{self._channel.host} {session.text}.",
                f"Check account, and make a new app password for ${self._channel.variable}.",
            )
        return f"The app password is good for {session.handle}. Nothing was posted."

    def close(self) -> None:
        self._server.close()

    # Signing in.

    def _session(self) -> Session | Answer:
        kept = _sessions.get(self._kept)
        return kept if kept is not None else self._begun()

    def _begun(self) -> Session | Answer:
        asked = {"identifier": self._channel.account, "password": self._password}
        reply = self._server.ask("POST", "/xrpc/com.atproto.server.createSession", document=asked)
        return self._signed_in(reply)

    def _renewed(self, session: Session) -> Session | Answer:
        """A session after the token to ask with has run out, as it does within hours."""
        reply = self._server.ask("POST", "/xrpc/com.atproto.server.refreshSession", token=session.refresh)
        if reply.well:
            return self._signed_in(reply)
        return self._begun()

    def _signed_in(self, reply: Reply) -> Session | Answer:
        with _taking:
            _sessions.pop(self._kept, None)
        if ended := judged_unseen(reply):
            return ended
        fields = [reply.field(name) for name in ("did", "handle", "accessJwt", "refreshJwt")]
        if not all(fields):
            return Answer(Ending.NOT_NOW, "answered a sign-in without a session")
        session = Session(*fields)
        with _taking:
            _sessions[self._kept] = session
        return session

    def _asked(self, session: Session, method: str, path: str, **request: Any) -> Reply:
        """A request that is made once more when the token has run out (400 ExpiredToken)."""
        reply = self._server.ask(method, path, token=session.access, **request)
        if reply.status in (400, 401) and reply.field("error") in ("ExpiredToken", "InvalidToken"):
            renewed = self._renewed(session)
            if isinstance(renewed, Session):
                return self._server.ask(method, path, token=renewed.access, **request)
        return reply

    # The record.

    def _content(self, said: Said, made_at: datetime) -> dict[str, Any]:
        text = worded(self._channel, self._templates, said, LIMIT)
        return {
            "$type": _COLLECTION,
            "text": text,
            "facets": _facets(text, said.link),
            "langs": [said.language],
            "createdAt": made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "embed": {
                "$type": "app.bsky.embed.external",
                "external": {"uri": said.link, "title": said.title, "description": said.summary},
            },
        }

    def _upload(self, session: Session, card: bytes) -> dict[str, Any] | Answer | None:
        """The card as records name it; None where the server takes none. Nobody sees an upload alone."""
        if len(card) > MOST_PICTURE:
            return None
        path = "/xrpc/com.atproto.repo.uploadBlob"
        reply = self._asked(session, "POST", path, body=card, kind="image/png")
        if ended := judged_unseen(reply):
            # The post is worth more than its picture.
            return None if ended.ending is Ending.REFUSED and reply.status not in (401, 403) else ended
        blob = reply.document.get("blob")
        return blob if isinstance(blob, dict) else None

    def _put(self, session: Session, post: Post, record: Mapping[str, Any]) -> Answer:
        asked = {
            "repo": session.did,
            "collection": _COLLECTION,
            "rkey": post.key,
            "record": record,
            # No record is to be there: what is there already is never written over.
            "swapRecord": None,
        }
        reply = self._asked(session, "POST", "/xrpc/com.atproto.repo.putRecord", document=asked)
        if reply.status == 400 and reply.field("error") == "InvalidSwap":
            found = self._look(session, post)
            if found.sight is Sight.THERE:
                return Answer(Ending.POSTED, found.text)
            return Answer(Ending.IN_DOUBT, reply.said())
        if ended := judged(reply):
            return ended
        if not reply.field("uri"):
            return Answer(Ending.IN_DOUBT, "answered without the post's address")
        return Answer(Ending.POSTED, _address(session, post.key))

    def _look(self, session: Session, post: Post) -> Look:
        asked = urlencode({"repo": session.did, "collection": _COLLECTION, "rkey": post.key})
        reply = self._asked(session, "GET", f"/xrpc/com.atproto.repo.getRecord?{asked}")
        if reply.well:
            return Look(Sight.THERE, _address(session, post.key))
        if reply.status == 400 and reply.field("error") == "RecordNotFound":
            return Look(Sight.NOT_THERE)
        return Look(Sight.UNREACHABLE, reply.said())


def _facets(text: str, link: str) -> list[dict[str, Any]]:
    """What makes the link one: its place in bytes of UTF-8."""
    begin = text.find(link)
    start = len(text[:begin].encode())
    return [
        {
            "index": {"byteStart": start, "byteEnd": start + len(link.encode())},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": link}],
        }
    ]


def _address(session: Session, key: str) -> str:
    return f"https://bsky.app/profile/{session.handle}/post/{key}"
