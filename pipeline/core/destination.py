"""Where letters go, in words: by a provider to readers, or into the outbox, and then nobody was mailed.

`sent` is said only of mail that a provider took for readers (promise 14). The statuses and outcomes of
``--json`` and of the database know no such difference; so all that speaks of them to people asks here. Pages
and mails have phrases of their own for it (mail/phrases.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

OUTBOX = "outbox"


class Delivery(Protocol):
    """[delivery] of the configuration, as far as it counts here."""

    @property
    def provider(self) -> str: ...

    @property
    def outbox(self) -> str: ...


def is_mail(provider: str) -> bool:
    """Whether a provider hands letters on to readers."""
    return provider != OUTBOX


@dataclass(frozen=True, slots=True)
class Destination:
    """Where letters go or went; ``folder`` is the outbox, as it is shown."""

    mails: bool
    folder: str

    @classmethod
    def of(cls, delivery: Delivery, provider: str | None = None) -> Destination:
        """That of ``provider``, such as an edition went to; else of the one that is configured."""
        return cls(is_mail(provider or delivery.provider), f"{delivery.outbox.rstrip('/')}/")

    @classmethod
    def of_edition(cls, delivery: Delivery, provider: str | None, *, begun: bool) -> Destination:
        """That of an edition, by the provider that is kept with it. One that was ``begun`` before providers
        were kept is said to be sent, as it was then."""
        return cls.of(delivery, provider or ("unknown" if begun else None))

    @property
    def done(self) -> str:
        """What was done with a letter that went there."""
        return "sent" if self.mails else f"written to {self.folder}: nobody was mailed"

    @property
    def foreseen(self) -> str:
        """The same of what would be done."""
        return "would be sent" if self.mails else f"would be written to {self.folder}: nobody would be mailed"

    @property
    def working(self) -> str:
        """What a progress bar stands for."""
        return "Sending" if self.mails else f"Writing to {self.folder}"

    @property
    def aside(self) -> str:
        """A sentence, after what says that a letter goes out; empty where it goes to readers."""
        return "" if self.mails else f"It is only written to {self.folder}: nobody is mailed."

    def became(self, word: str) -> str:
        """A status, state or outcome in a sentence."""
        return self.done if word == "sent" else word

    def state(self, word: str) -> str:
        """A status or state in a table or beside a number; where nobody is mailed, `sent` and `mailed` are
        `written`."""
        return "written" if word in ("sent", "mailed") and not self.mails else word


def trial(delivery: Delivery, address: str) -> tuple[str, str] | None:
    """What is wrong, and the remedy, where readers could sign up at a public ``address`` and
    nobody is mailed; else None."""
    from pipeline.core.private_networks import is_loopback

    parts = urlsplit(address)
    if is_mail(delivery.provider) or parts.scheme != "https" or is_loopback(parts.hostname or ""):
        return None
    folder = Destination.of(delivery).folder
    return (
        f'Readers can sign up at {address}, and nobody is mailed: delivery.provider is "{OUTBOX}", so every '
        f"letter and every mail that asks to confirm is only written to {folder}.",
        'Set delivery.provider to "sendgrid" or "smtp"; or leave newsletter.public_url empty while you try '
        "things out.",
    )
