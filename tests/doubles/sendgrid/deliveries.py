"""What each person would receive of an accepted request."""

from __future__ import annotations

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


def charset(body: str) -> str:
    """The charset that SendGrid gives a part: from its characters alone, whatever `<meta charset>` says.

    ASCII is us-ascii, Latin-1 is iso-8859-1, the rest utf-8 (sendgrid-nodejs issue 1231).
    """
    highest = max(map(ord, body), default=0)
    return "us-ascii" if highest < 0x80 else "iso-8859-1" if highest < 0x100 else "utf-8"


def substitute(text: str, substitutions: Mapping[str, str]) -> str:
    """Raw, one tag after another. Whether the real one does it in one pass is documented nowhere; so the
    sender who must not rely on it gets the worse: a value that holds a later tag is substituted again."""
    for tag, value in substitutions.items():
        text = text.replace(tag, value)
    return text


def rendered(payload: Mapping[str, Any], message_id: str) -> Iterator[Delivery]:
    """Every delivery of one request, in its order."""
    shared = payload.get("custom_args") or {}
    reply_to = (payload.get("reply_to") or {}).get("email", "")
    content = tuple((part["type"], part["value"]) for part in payload.get("content") or ())
    for envelope in payload["personalizations"]:
        swap = envelope.get("substitutions") or {}
        args = {**shared, **(envelope.get("custom_args") or {})}
        sender = envelope.get("from") or payload["from"]
        for person in [*envelope["to"], *envelope.get("cc", ()), *envelope.get("bcc", ())]:
            yield Delivery(
                address=person["email"],
                name=person.get("name", ""),
                subject=substitute(envelope.get("subject") or payload.get("subject", ""), swap),
                from_email=sender["email"],
                from_name=sender.get("name", ""),
                reply_to=substitute(reply_to, swap),
                # Not merged and not substituted: neither is documented.
                headers=dict(envelope["headers"] if "headers" in envelope else payload.get("headers") or {}),
                edition=args.get("edition"),
                batch=args.get("batch"),
                subscriber=args.get("subscriber"),
                custom_args=args,
                categories=tuple(payload.get("categories") or ()),
                tracking=payload.get("tracking_settings") or {},
                message_id=message_id,
                substitutions=swap,
                content=content,
            )
