"""What a page shows of one letter, in the form that its template needs."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING, Any

from pipeline.editions.message import preview_part
from pipeline.letter.check.parts import CLIPPED_AT
from pipeline.web.dashboard.letter import inbox, locate
from pipeline.web.dashboard.letter.query import SIZES, VIEWS

if TYPE_CHECKING:
    from pipeline.core.finding import Finding
    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.letter.query import Query
    from pipeline.web.dashboard.letters import Letters, Preview

HEADER_NOTES = {
    "To": "Each reader's own address; here it is yours.",
    "Message-ID": "A function of edition and reader, so that a repeated letter can be recognised.",
    "List-Unsubscribe": "Mail programs make a button of it. Each reader has a link of their own.",
    "List-Unsubscribe-Post": "Tells them that one click is enough (RFC 8058).",
    "List-Id": "By this readers sort the letter into a folder.",
    "Date": "The moment of sending.",
}


def shown(letters: Letters, preview: Preview, edition: Edition, query: Query) -> dict[str, Any]:
    """The letter of an edition in all its views. What takes time is a function, called where it is shown."""
    titles = [str(post["title"]) for post in edition.posts]

    def html() -> str:
        return preview_part(preview.config, edition, "html").decode()

    def text() -> str:
        return preview_part(preview.config, edition, "txt").decode()

    def told() -> list[dict[str, Any]]:
        letter = locate.LetterParts(html(), text(), titles)
        found = enumerate(letters.findings(edition), 1)
        return [
            _told(str(number), finding, locate.view_of(finding, letter), query) for number, finding in found
        ]

    def chosen() -> Finding | None:
        found = letters.findings(edition) if query.finding else []
        return found[int(query.finding) - 1] if 0 < int(query.finding or 0) <= len(found) else None

    def marked(text: str, *, markup: bool) -> tuple[str, str, str]:
        finding = chosen()
        look = locate.in_html if markup else locate.in_text
        span = look(finding, text, titles) if finding else None
        return (text[: span.start], text[span.start : span.end], text[span.end :]) if span else (text, "", "")

    newsletter = preview.config.newsletter
    return {
        "views": VIEWS,
        "sizes": SIZES,
        "left_out": edition.left_out,
        "size": len(edition.html.encode()),
        "limit": CLIPPED_AT,
        "findings": told,
        "marked": marked,
        "lines": lambda: inbox.lines(newsletter.sender, edition.subject, edition.preheader),
        "line": inbox.locked(newsletter.sender, edition.subject, edition.preheader),
        "text": text,
        "html": html,
        "headers": lambda: _headers(preview_part(preview.config, edition, "eml", letters.list_id(edition))),
        "cta": _offer(preview, edition),
    }


def _told(number: str, finding: Finding, view: str | None, query: Query) -> dict[str, Any]:
    link = query.url(view=view, finding=number) + "#place" if view else ""
    # The commands that edit a letter say on its page what the fields beside it do.
    lines = finding.remedy.splitlines()
    rest = [line for line in lines if not line.lstrip().startswith("rapport editions edit ")]
    return {
        "finding": finding,
        "remedy": rest if len(rest) == len(lines) else rest[1:],
        "has_field": len(rest) < len(lines),
        "link": link,
        "chosen": query.finding == number,
    }


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
