"""A provider's words without any address, token or name: reasons end in the ledger, in mails and logs."""

from __future__ import annotations

import re

from pipeline.providers import Batch

_LONGEST = 200

# A token is a long run without a space. SendGrid's own field names are long, too, and stay.
_RUN = re.compile(r"[A-Za-z0-9_+/=.%~\[\]-]{20,}")
_FIELD = re.compile(
    r"\[?(?:personalizations|content|custom_args|headers|substitutions|tracking_settings|mail_settings|reply_to)"
    r"(?:\.[a-z_]{1,24}|\.[0-9]{1,4}|\[[0-9]{1,4}\])*[\].]*"
)


class Redactor:
    """Takes out of a text what it may hold of the people in a batch, and the key."""

    def __init__(self, batch: Batch, key: str = "") -> None:
        self._batch = batch
        self._key = key
        self._secrets: list[str] | None = None

    def __call__(self, text: str) -> str:
        for secret in self._known():
            if secret in text:
                text = text.replace(secret, "[...]")
        words = [_word(word) for word in text.split()]
        text = _RUN.sub(_run, " ".join(words))
        text = "".join(letter for letter in text if letter.isprintable())
        return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."

    def _known(self) -> list[str]:
        # What this batch holds about people. The longest come first, so that no part of one is left. What is
        # shorter than three letters tells nothing, and replacing it would leave nothing readable.
        if self._secrets is None:
            held = {self._key}
            for person in self._batch.recipients:
                held.update((person.address, *person.headers.values(), *person.fields.values()))
            held -= {"List-Unsubscribe=One-Click", "auto-generated"}
            self._secrets = sorted((secret for secret in held if len(secret) > 2), key=len, reverse=True)
        return self._secrets


def without_address(address: str, text: str) -> str:
    """A provider's words about one address, without it and without its local part, so that they may be
    kept."""
    text = Redactor(Batch("", ()))(text)
    local = address.rpartition("@")[0].strip().casefold()
    if local and local in text.casefold():
        text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "[...]", text, flags=re.IGNORECASE)
    return text


def _word(word: str) -> str:
    if "@" in word or "%40" in word:
        return "[address]"
    return "[link]" if "://" in word else word


def _run(match: re.Match[str]) -> str:
    return match[0] if _FIELD.fullmatch(match[0]) else "[...]"
