"""What the page shows, in the form that its template needs."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.core.destination import Destination
from pipeline.core.templates import PACKAGED
from pipeline.editions.document import went
from pipeline.editions.message import preview_part
from pipeline.letter.check.parts import CLIPPED_AT
from pipeline.providers.outbox import letters
from pipeline.web.preview import decisions, inbox, locate
from subscribers import times

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.core.finding import Finding
    from pipeline.editions.edition import Edition
    from pipeline.web.preview.session import Preview, PreviewSession

VIEWS = {
    "letter": "Letter",
    "inbox": "Inbox line",
    "text": "Plain text",
    "headers": "Headers",
    "source": "Source",
    "posts": "Posts",
    "editions": "Editions",
}


class Size(NamedTuple):
    label: str
    width: int | None
    """None: as wide as there is room."""


SIZES = {
    "phone": Size("Phone", 375),
    "small": Size("Small phone", 320),
    "tablet": Size("Tablet", 768),
    "desktop": Size("Desktop", None),
}

HEADER_NOTES = {
    "To": "Each reader's own address; here it is yours.",
    "Message-ID": "A function of edition and reader, so that a repeated letter can be recognised.",
    "List-Unsubscribe": "Mail programs make a button of it. Each reader has a link of their own.",
    "List-Unsubscribe-Post": "Tells them that one click is enough (RFC 8058).",
    "List-Id": "By this readers sort the letter into a folder.",
    "Date": "The moment of sending.",
}

FLUSH = "\0flush\0"
"""Marks in the template where the part that is ready is sent: the letter does not wait for `check`."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a page's address asks for."""

    digest: str = ""
    edition: str = ""
    view: str = "letter"
    size: str = "phone"
    scheme: str = "light"
    images: str = "on"
    finding: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Query:
        """From a request. Values that make no sense are ignored."""
        asked = cls(**{name: given[name][:200] for name in cls.__slots__ if name in given})
        return replace(
            asked,
            view=asked.view if asked.view in VIEWS else "letter",
            size=asked.size if asked.size in SIZES else "phone",
            scheme="dark" if asked.scheme == "dark" else "light",
            images="off" if asked.images == "off" else "on",
            finding=asked.finding if asked.finding.isascii() and asked.finding.isdigit() else "",
        )

    def url(self, path: str = "/", **changes: str) -> str:
        """The address of this page with some of it changed."""
        usual, asked = Query(), replace(self, **changes)
        given = {
            name: getattr(asked, name)
            for name in self.__slots__
            if getattr(asked, name) != getattr(usual, name)
        }
        return f"{path}?{urlencode(given)}" if given else path


def pieces(session: PreviewSession, query: Query) -> Iterator[str]:
    """The page in pieces: first the letter's frame, then what takes longer."""
    version = session.reload.version  # read first: a change from now on makes the page old
    preview = session.look(query.digest or None, query.edition or None)
    context = _context(session, preview, query) | {"version": version}
    ready: list[str] = []
    for piece in _ENVIRONMENT.get_template("preview/page.html").generate(context):
        if piece == FLUSH:
            yield "".join(ready)
            ready.clear()
        else:
            ready.append(piece)
    yield "".join(ready)


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(PACKAGED),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _context(session: PreviewSession, preview: Preview | None, query: Query) -> dict[str, Any]:
    fault = session.fault or (preview.fault if preview else None)
    edition = None if preview is None or fault else preview.edition
    context: dict[str, Any] = {
        "query": query,
        "views": VIEWS,
        "sizes": SIZES,
        "flush": FLUSH,
        "fault": fault,
        "feeds": [feed for feed in session.pulled if feed.error],
        "newsletter": None,
        "digests": [],
        "digest": None,
        "edition": None,
        "earlier": [],
        "reason": "",
        "aside": "",
        "left_out": [],
        "answer": session.answer,
        "decision": None,
        "written": None,
    }
    if preview is None:
        return context
    zone = preview.config.newsletter.zone
    context |= {
        "newsletter": preview.config.newsletter,
        "digests": [digest.name for digest in preview.config.digests],
        "digest": preview.digest.name,
        "edition": edition,
        "earlier": preview.earlier,
        "reason": "" if query.edition else preview.outcome.reason,
        "day": lambda moment: times.moment(moment, zone),
        "became": lambda of: went(preview.config.delivery, of).became(of.status),
        "aside": Destination.of(preview.config.delivery).aside,
    }
    if edition is None:
        return context | {"left_out": [] if fault else session.left_out(preview.digest)}
    return context | _of_edition(session, preview, edition, query)


def _of_edition(session: PreviewSession, preview: Preview, edition: Edition, query: Query) -> dict[str, Any]:
    titles = [str(post["title"]) for post in edition.posts]

    def html() -> str:
        return preview_part(preview.config, edition, "html").decode()

    def text() -> str:
        return preview_part(preview.config, edition, "txt").decode()

    def told() -> list[dict[str, Any]]:
        letter = locate.LetterParts(html(), text(), titles)
        found = enumerate(session.findings(edition), 1)
        return [
            _told(str(number), finding, locate.view_of(finding, letter), query) for number, finding in found
        ]

    def chosen() -> Finding | None:
        found = session.findings(edition) if query.finding else []
        return found[int(query.finding) - 1] if 0 < int(query.finding or 0) <= len(found) else None

    def marked(text: str, *, markup: bool) -> tuple[str, str, str]:
        finding = chosen()
        look = locate.in_html if markup else locate.in_text
        span = look(finding, text, titles) if finding else None
        return (text[: span.start], text[span.start : span.end], text[span.end :]) if span else (text, "", "")

    newsletter = preview.config.newsletter
    return {
        "left_out": edition.left_out,
        "size": len(edition.html.encode()),
        "limit": CLIPPED_AT,
        "findings": told,
        "marked": marked,
        "lines": lambda: inbox.lines(newsletter.sender, edition.subject, edition.preheader),
        "text": text,
        "html": html,
        "headers": lambda: _headers(preview_part(preview.config, edition, "eml", session.list_id(edition))),
        "offer": _offer(preview, edition),
        "decision": _decision(session, preview, edition, query),
        "written": _written(session, edition),
    }


def _decision(session: PreviewSession, preview: Preview, edition: Edition, query: Query) -> Any:
    """What the page offers to do with the edition, and the address to ask for it."""
    if not (verb := decisions.offered(session, preview.config, edition)):
        return None
    asked = urlencode({"edition": edition.slug, "view": query.view, "seen": edition.fingerprint().hex()})
    return {"verb": verb, "address": f"/{verb}?{asked}"}


def _written(session: PreviewSession, edition: Edition) -> Any:
    """The files of an edition in the outbox, if it went there."""
    assert session.installation is not None  # there is no edition without one
    folder = (session.installation.folder / session.installation.config.delivery.outbox).resolve()
    files = letters(folder, edition.slug)
    return {"folder": folder, "files": [file.name for file in files]} if files else None


def _told(number: str, finding: Finding, view: str | None, query: Query) -> dict[str, Any]:
    link = query.url(view=view, finding=number) + "#place" if view else ""
    return {"finding": finding, "link": link, "chosen": query.finding == number}


def _offer(preview: Preview, edition: Edition) -> dict[str, str]:
    """The call to action of an edition, read from its text: the configuration may have changed since."""
    match = preview.config.match
    said = " ".join(edition.text.split())
    headings = [match.heading, *(variant.heading or "" for variant in match.variants)]
    held = [heading for heading in headings if heading and " ".join(heading.split()) in said]
    return {"heading": max(held, key=len, default=""), "reason": edition.cta_reason}


def _headers(eml: bytes) -> dict[str, Any]:
    raw = eml.partition(b"\r\n\r\n")[0].decode("ascii", "replace").replace("\r\n", "\n")
    parsed = email.message_from_string(raw, policy=email.policy.default)
    listed = [(name, str(value), HEADER_NOTES.get(name, "")) for name, value in parsed.items()]
    return {"listed": listed, "raw": raw}
