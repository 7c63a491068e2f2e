"""What each person would receive of an accepted request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Delivery:
    """One mail to one address. Bodies are made when asked for: 100,000 of them fit in no memory."""

    address: str
    name: str
    subject: str
    from_email: str
    from_name: str
    reply_to: str
    headers: Mapping[str, str]
    edition: str | None
    batch: str | None
    subscriber: str | None
    custom_args: Mapping[str, str]
    categories: tuple[str, ...]
    tracking: Mapping[str, Any]
    message_id: str
    substitutions: Mapping[str, str]
    content: tuple[tuple[str, str], ...]

    @property
    def html(self) -> str:
        return self._part("text/html")

    @property
    def text(self) -> str:
        return self._part("text/plain")

    @property
    def html_charset(self) -> str:
        return charset(self.html)

    @property
    def text_charset(self) -> str:
        return charset(self.text)

    def _part(self, kind: str) -> str:
        return next(
            (substitute(value, self.substitutions) for name, value in self.content if name == kind), ""
        )

    def as_json(self, bodies: bool = False) -> dict[str, Any]:
        names = ("address", "subject", "from_email", "from_name", "reply_to", "headers", "edition", "batch")
        names += ("subscriber", "custom_args", "categories", "message_id")
        if bodies:
            names += ("html", "html_charset", "text", "text_charset")
        return {name: getattr(self, name) for name in names}


ONE_CLICK = "List-Unsubscribe=One-Click"


def unsubscribe_page(address: str) -> str:
    """Where SendGrid's own unsubscribe link leads, for one reader."""
    return (
        f"https://u1.sendgrid.example/unsubscribe/?upn={hashlib.blake2b(address.encode()).hexdigest()[:24]}"
    )


def charset(body: str) -> str:
    """The charset that SendGrid gives a part: from its characters alone, whatever `<meta charset>` says.

    ASCII is us-ascii, Latin-1 is iso-8859-1, the rest utf-8 (sendgrid-nodejs issue 1231).
    """
    if body.isascii():
        return "us-ascii"
    try:
        body.encode("iso-8859-1")
    except UnicodeEncodeError:
        return "utf-8"
    return "iso-8859-1"


def substitute(text: str, substitutions: Mapping[str, str]) -> str:
    """Raw, one tag after another. Whether the real one does it in one pass is documented nowhere; so the
    sender who must not rely on it gets the worse: a value that holds a later tag is substituted again."""
    for tag, value in substitutions.items():
        text = text.replace(tag, value)
    return text


def rendered(payload: Mapping[str, Any], message_id: str) -> Iterator[Delivery]:
    """Every delivery of one request, in its order."""
    shared = payload.get("custom_args") or {}
    shared_headers = payload.get("headers") or {}
    reply_to = (payload.get("reply_to") or {}).get("email", "")
    content = tuple((part["type"], part["value"]) for part in payload.get("content") or ())
    hosted = (payload.get("tracking_settings") or {}).get("subscription_tracking") or {}
    for envelope in payload["personalizations"]:
        swap = envelope.get("substitutions") or {}
        args = {**shared, **(envelope.get("custom_args") or {})}
        sender = envelope.get("from") or payload["from"]
        for person in [*envelope["to"], *envelope.get("cc", ()), *envelope.get("bcc", ())]:
            own: dict[str, str] = {}
            added: dict[str, str] = {}
            if hosted.get("enable"):
                page = unsubscribe_page(person["email"])
                own = {hosted["substitution_tag"]: page}
                added = {"List-Unsubscribe": f"<{page}>", "List-Unsubscribe-Post": ONE_CLICK}
            yield Delivery(
                address=person["email"],
                name=person.get("name", ""),
                subject=substitute(envelope.get("subject") or payload.get("subject", ""), swap),
                from_email=sender["email"],
                from_name=sender.get("name", ""),
                reply_to=substitute(reply_to, swap),
                # Not merged and not substituted: neither is documented.
                headers={**envelope.get("headers", shared_headers), **added},
                edition=args.get("edition"),
                batch=args.get("batch"),
                subscriber=args.get("subscriber"),
                custom_args=args,
                categories=tuple(payload.get("categories") or ()),
                tracking=payload.get("tracking_settings") or {},
                message_id=message_id,
                substitutions={**swap, **own},
                content=content,
            )
