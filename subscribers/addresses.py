"""Addresses and names in the one form in which they are kept."""

from __future__ import annotations

import re
import unicodedata

from subscribers.errors import SubscriberError

NAME_LENGTH = 200

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
# Matches nearly every address of a list. For these email-validator (60 µs) would change nothing, which a
# property test proves. It still decides on punycode and other `--`, and on reserved and one-letter last
# labels.
_PLAIN = re.compile(
    rf"(?=.{{1,64}}@)(?=.{{3,254}}\Z)(?![^@]*=\?){_ATOM}(?:\.{_ATOM})*@"
    r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion)\Z)[a-z]{2,63}"
)
# The beginning of an encoded word (RFC 2047, 2). An address may not hold one (5), but some software decodes
# it all the same, and gets another address.
_ENCODED_WORD = "=?"
_WORD = re.compile(r"[^\s,;()<>\"']+")
# Left at the ends by copying from web pages and files; marks of direction too
_ZERO_WIDTH = "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"


FAULTS = {
    "missing": "The address is missing.",
    "no_at": "The address has no @-sign.",
    "no_local": "The address has nothing before the @-sign.",
    "no_domain": "The address has nothing after the @-sign.",
    "letters": "The address has letters before the @-sign that most mail servers cannot deliver to "
    "(only a-z, 0-9 and some signs get through).",
    "space": "The address has a space within.",
    "long": "The address is too long.",
    "undeliverable": "The address is not one that mail can be delivered to.",
}
"""What may be wrong with an address, as staff are told. Readers are told by the pages' phrases."""


class AddressError(SubscriberError):
    """No mail reaches an address; ``fault`` names why in FAULTS. Nothing of the address is repeated."""

    code = "address"

    def __init__(self, fault: str) -> None:
        super().__init__(FAULTS[fault], "Check its spelling with the person it belongs to.")
        self.fault = fault


def normalise(raw: str) -> str:
    """The address as it is kept and compared: in NFC, trimmed, in lower case, with its domain in IDNA.

    Raises AddressError.
    """
    if _PLAIN.fullmatch(raw):
        return raw
    address = unicodedata.normalize("NFC", raw).strip().strip(_ZERO_WIDTH).strip().lower()
    if _PLAIN.fullmatch(address):
        return address
    return _validated(address)


def masked(email: str) -> str:
    """Enough of an address for its owner to recognise it, and not enough to write to it."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"


def without_addresses(text: str) -> str:
    """What somebody wrote, to be kept, without any address in it: it may be of a person who is erased later,
    and whose erasure does not look there."""
    return _WORD.sub(
        lambda word: "[address]" if "@" in word[0] or "%40" in word[0] else word[0],
        text,
    )


def clean_name(raw: str) -> str:
    """A name as one line of bounded length, without signs that forge headers or reverse the text."""
    if not raw.isprintable():
        raw = "".join(_shown(character) for character in raw)
    return " ".join(unicodedata.normalize("NFC", raw).split())[:NAME_LENGTH].rstrip()


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    # Of the format characters only the joiners are kept: names in Persian and Indic scripts need them.
    dropped = category == "Cs" or (category == "Cf" and character not in "\u200c\u200d")
    return "" if dropped else character


def _validated(address: str) -> str:
    fault = _fault(address)
    if fault:
        raise AddressError(fault)
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            address,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=True,  # it allows .test only: mail to it harms nobody
        )
    except (EmailNotValidError, UnicodeError):
        # Its own message quotes parts of the address.
        raise AddressError("undeliverable") from None
    if found.ascii_email is None:
        raise AddressError("undeliverable")
    return found.ascii_email.lower()


def _fault(address: str) -> str:
    """The name in FAULTS of what can be seen to be wrong; empty where that is nothing."""
    local, at, domain = address.rpartition("@")
    if not address:
        return "missing"
    if not at:
        return "no_at"
    if not local:
        return "no_local"
    if not domain:
        return "no_domain"
    if not local.isascii():
        return "letters"
    if any(character.isspace() for character in address):
        return "space"
    if len(address) > 254 or len(local) > 64:
        return "long"
    return "undeliverable" if _ENCODED_WORD in local else ""
