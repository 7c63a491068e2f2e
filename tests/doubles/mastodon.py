"""A strict Mastodon, from docs.joinmastodon.org: refuses what the real one refuses, keeps keys an hour.

A post is committed before its key is stored, as on the real one: a fault between the two forgets the key.
"""

from __future__ import annotations

import email.parser
import json
import time
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import regex

from subscribers import clock
from tests.doubles.services import (
    AFTER,
    AFTER_KEPT,
    BEFORE,
    BUSY,
    CUT_AFTER,
    CUT_BEFORE,
    LATE,
    REFUSE,
    Cut,
    Refusal,
    ServiceDouble,
    token_of,
)  # fmt: skip

if TYPE_CHECKING:
    from email.message import Message

TOKEN = "mastodon-token"
SCOPES = frozenset({"write:statuses", "write:media", "read:accounts", "read:statuses"})
KEPT = timedelta(hours=1)
_LINK = regex.compile(r"https?://\S+")


class StrictMastodon(ServiceDouble):
    def __init__(self, scopes: frozenset[str] = SCOPES, most: int = 500) -> None:
        super().__init__()
        self.scopes, self.most = scopes, most
        self.statuses: list[dict[str, Any]] = []
        self.media: dict[str, dict[str, Any]] = {}
        self.replay_fails = False
        """A release that answers 500 to a repeat (mastodon#40399)."""
        self._keys: dict[str, tuple[datetime, dict[str, Any]]] = {}

    def answer(self, method: str, path: str, headers: Message, body: bytes) -> Any:
        parts = urlsplit(path)
        if (method, parts.path) == ("GET", "/api/v2/instance"):
            statuses = {"max_characters": self.most, "characters_reserved_per_url": 23}
            return {"configuration": {"statuses": statuses, "media_attachments": {"description_limit": 1500}}}
        if token_of(headers) != TOKEN:
            raise Refusal(401, {"error": "The access token is invalid"})
        if (method, parts.path) == ("GET", "/api/v1/accounts/verify_credentials"):
            self._needs("read:accounts")
            return {"id": "7", "acct": "practice"}
        if (method, parts.path) == ("GET", "/api/v1/accounts/7/statuses"):
            self._needs("read:statuses")
            return self._page(parse_qs(parts.query))
        if (method, parts.path) == ("POST", "/api/v2/media"):
            self._needs("write:media")
            return self._upload(headers, body)
        if (method, parts.path) == ("POST", "/api/v1/statuses"):
            self._needs("write:statuses")
            return self._post(headers, body)
        raise Refusal(404, {"error": "Record not found"})

    def _needs(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refusal(403, {"error": "This action is outside the authorized scopes"})

    def _page(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        before = int(query.get("max_id", ["999999999"])[0])
        found = [one for one in reversed(self.statuses) if int(one["id"]) < before]
        return found[: min(int(query.get("limit", ["20"])[0]), 40)]

    def _upload(self, headers: Message, body: bytes) -> dict[str, Any]:
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        form = email.parser.BytesParser().parsebytes(head + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
        picture = parts["file"].get_payload(decode=True) if "file" in parts else b""
        if not picture.startswith(b"\x89PNG"):
            raise Refusal(422, {"error": "Validation failed: File content type is invalid"})
        alt = parts["description"].get_payload(decode=True).decode() if "description" in parts else ""
        number = str(len(self.media) + 100)
        self.media[number] = {"description": alt, "used": False}
        return {"id": number, "type": "image", "description": alt}

    def _post(self, headers: Message, body: bytes) -> dict[str, Any]:
        key = headers.get("Idempotency-Key") or ""
        if not key:
            self.problems.append("a post without an Idempotency-Key")
        kept = self._keys.get(key)
        if kept and clock.now() - kept[0] < KEPT:
            if self.replay_fails:
                raise Refusal(500, {"error": "Internal server error"})
            return kept[1]
        fault = self.fault()
        if fault == BEFORE:
            raise Refusal(500, {"error": "Internal server error"})
        if fault == CUT_BEFORE:
            raise Cut
        if fault == BUSY:
            reset = (clock.now() + timedelta(seconds=90)).isoformat()
            raise Refusal(429, {"error": "Too many requests"}, X_RateLimit_Reset=reset)
        if fault == REFUSE:
            raise Refusal(422, {"error": "Validation failed: Text can't be blank"})
        status = self._commit(json.loads(body))
        if fault == AFTER:
            raise Refusal(500, {"error": "Internal server error"})
        self._keys[key] = (clock.now(), status)
        if fault == AFTER_KEPT:
            raise Refusal(500, {"error": "Internal server error"})
        if fault == CUT_AFTER:
            raise Cut
        if fault == LATE:
            time.sleep(self.late)
        return status

    def _commit(self, asked: dict[str, Any]) -> dict[str, Any]:
        text, warning = str(asked.get("status") or ""), str(asked.get("spoiler_text") or "")
        counted = _LINK.sub("x" * 23, text) + warning
        if len(regex.findall(r"\X", counted)) > self.most:
            raise Refusal(422, {"error": "Validation failed: Text character limit exceeded"})
        if not text.strip() or asked.get("visibility") != "public" or len(asked.get("language", "")) != 2:
            raise Refusal(422, {"error": "Validation failed"})
        if "scheduled_at" in asked or set(asked) - _FIELDS:
            raise Refusal(422, {"error": f"unexpected: {sorted(set(asked) - _FIELDS)}"})
        for number in asked.get("media_ids", []):
            if number not in self.media or self.media[number]["used"]:
                raise Refusal(422, {"error": "Validation failed: Media not found or already used"})
            self.media[number]["used"] = True
        number = str(len(self.statuses) + 1)
        linked = _LINK.sub(lambda found: f'<a href="{escape(found[0])}">link</a>', text)
        status = {
            "id": number,
            "url": f"{self.url}/@practice/{number}",
            "created_at": clock.now().isoformat(),
            "content": f"<p>{linked}</p>",
            "text": text,
            "spoiler_text": warning,
            "sensitive": asked.get("sensitive", False),
            "language": asked["language"],
            "media_attachments": [self.media[one] for one in asked.get("media_ids", [])],
            "card": None,
        }
        self.statuses.append(status)
        return status


_FIELDS = {"status", "visibility", "language", "spoiler_text", "sensitive", "media_ids"}
