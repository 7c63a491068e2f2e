"""A strict Bluesky server (PDS), from the lexicons com.atproto.* and app.bsky.feed.post."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import regex

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

PASSWORD = "abcd-efgh-ijkl-mnop"
HANDLE, DID = "practice.bsky.social", "did:plc:practice"
POSTS = "app.bsky.feed.post"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


class StrictBluesky(ServiceDouble):
    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, int] = {}
        self.sessions = 0
        self.expired: set[str] = set()
        """Tokens that have run out."""

    def answer(self, method: str, path: str, headers: Message, body: bytes) -> Any:
        parts = urlsplit(path)
        name = parts.path.removeprefix("/xrpc/")
        if (method, name) == ("POST", "com.atproto.server.createSession"):
            asked = json.loads(body)
            if (asked.get("identifier"), asked.get("password")) != (HANDLE, PASSWORD):
                raise Refusal(401, {"error": "AuthenticationRequired", "message": "Invalid identifier"})
            return self._session()
        if (method, name) == ("POST", "com.atproto.server.refreshSession"):
            if not token_of(headers).startswith("refresh-"):
                raise Refusal(400, {"error": "InvalidToken"})
            return self._session()
        if not re.fullmatch(r"access-\d+", token_of(headers)):
            raise Refusal(401, {"error": "AuthMissing"})
        if token_of(headers) in self.expired:
            raise Refusal(400, {"error": "ExpiredToken", "message": "Token has expired"})
        if (method, name) == ("GET", "com.atproto.repo.getRecord"):
            return self._get(parse_qs(parts.query))
        if (method, name) == ("POST", "com.atproto.repo.uploadBlob"):
            return self._upload(headers, body)
        if (method, name) == ("POST", "com.atproto.repo.putRecord"):
            return self._put(json.loads(body))
        raise Refusal(501, {"error": "MethodNotImplemented"})

    def _session(self) -> dict[str, Any]:
        self.sessions += 1
        n = self.sessions
        return {"did": DID, "handle": HANDLE, "accessJwt": f"access-{n}", "refreshJwt": f"refresh-{n}"}

    def _get(self, query: dict[str, list[str]]) -> dict[str, Any]:
        key = query["rkey"][0]
        if key not in self.records:
            # Not a problem of the client's: it is asked before each post.
            raise Refusal(400, {"error": "RecordNotFound", "message": "Could not locate record"})
        return {
            "uri": f"at://{DID}/{POSTS}/{key}",
            "cid": _cid(self.records[key]),
            "value": self.records[key],
        }

    def _upload(self, headers: Message, body: bytes) -> dict[str, Any]:
        if headers["Content-Type"] != "image/png" or not body.startswith(b"\x89PNG") or len(body) > 1_000_000:
            raise Refusal(400, {"error": "BlobTooLarge"})
        link = hashlib.sha256(body).hexdigest()
        self.blobs[link] = len(body)
        blob = {"$type": "blob", "ref": {"$link": link}, "mimeType": "image/png", "size": len(body)}
        return {"blob": blob}

    def _put(self, asked: dict[str, Any]) -> dict[str, Any]:
        key, record = asked.get("rkey", ""), asked.get("record") or {}
        if asked.get("repo") != DID or asked.get("collection") != POSTS or not _TID.fullmatch(key):
            raise Refusal(400, {"error": "InvalidRequest", "message": "repo, collection or rkey"})
        self._check(record)
        fault = self.fault()
        if fault == BEFORE:
            raise Refusal(500, {"error": "InternalServerError"})
        if fault == CUT_BEFORE:
            raise Cut
        if fault == BUSY:
            raise Refusal(429, {"error": "RateLimitExceeded"}, RateLimit_Reset=str(int(time.time()) + 90))
        if fault == REFUSE:
            raise Refusal(400, {"error": "InvalidRequest", "message": "Record is not valid"})
        there = self.records.get(key)
        if there is not None and _cid(there) != _cid(record) and "swapRecord" in asked:
            raise Refusal(400, {"error": "InvalidSwap", "message": "Record was at another cid"})
        self.records[key] = record
        if fault in (AFTER, AFTER_KEPT):
            raise Refusal(500, {"error": "InternalServerError"})
        if fault == CUT_AFTER:
            raise Cut
        if fault == LATE:
            time.sleep(self.late)
        return {"uri": f"at://{DID}/{POSTS}/{key}", "cid": _cid(record)}

    def _check(self, record: dict[str, Any]) -> None:
        """The lexicon app.bsky.feed.post."""
        text = record.get("text", "")
        if len(regex.findall(r"\X", text)) > 300 or len(text.encode()) > 3000:
            raise Refusal(400, {"error": "InvalidRequest", "message": "text must not be longer"})
        if record.get("$type") != POSTS or not _MOMENT.fullmatch(record.get("createdAt", "")):
            raise Refusal(400, {"error": "InvalidRequest", "message": "createdAt"})
        for facet in record.get("facets", []):
            place = facet["index"]
            shown = text.encode()[place["byteStart"] : place["byteEnd"]].decode()
            if shown != facet["features"][0]["uri"]:
                raise Refusal(400, {"error": "InvalidRequest", "message": f"facet over {shown!r}"})
        external = record.get("embed", {}).get("external", {})
        if not {"uri", "title", "description"} <= set(external):
            raise Refusal(400, {"error": "InvalidRequest", "message": "embed"})
        if "thumb" in external and external["thumb"]["ref"]["$link"] not in self.blobs:
            raise Refusal(400, {"error": "BlobNotFound"})


def _cid(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
