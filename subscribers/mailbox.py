"""What a mail to the unsubscribe address asks for.

Letters name that address with a signed token in the subject (RFC 2369, RFC 6068). So the mail says whom it is
for, whatever address it comes from. People also write by themselves: then a plain request, as the whole
subject or the whole first line, ends all mail to the address it comes from. A mail that a program wrote never
unsubscribes anybody, and a mail that asks for nothing known is left to staff.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from subscribers.addresses import normalise
from subscribers.errors import SubscriberError
from subscribers.tokens import Claim, Purpose

if TYPE_CHECKING:
    from subscribers.mail import Mail
    from subscribers.tokens import Tokens

_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{44}(?![A-Za-z0-9_-])")
_MOST_TOKENS = 20

_POLITE = re.compile(r"\b(?:please|pls|bitte|thank you|thanks|danke|svp|por favor|per favore|alstublieft)\b")

REQUESTS = frozenset(
    " ".join(line.split())
    for line in """
    unsubscribe
    unsubscribe me
    unsubscribe from list
    unsubscribe from this list
    unsubscribe me from this list
    unsubscribe me from your list
    list unsubscribe
    remove
    remove me
    remove me from this list
    remove me from your list
    remove me from the list
    remove me from your mailing list
    take me off this list
    take me off your list
    stop
    stop mailing me
    stop emailing me
    stop sending me emails
    opt out
    opt me out
    cancel subscription
    cancel my subscription
    abmelden
    abmeldung
    abbestellen
    abbestellung
    austragen
    newsletter abmelden
    newsletter abbestellen
    desabonner
    desabonnement
    desabonnez moi
    me desabonner
    se desabonner
    desinscription
    desinscrire
    me desinscrire
    desinscrivez moi
    baja
    dar de baja
    darme de baja
    cancelar suscripcion
    desuscribir
    desuscribirme
    disiscrivimi
    disiscrizione
    cancellami
    cancellazione
    annulla iscrizione
    afmelden
    uitschrijven
    cancelar inscricao
    descadastrar
    """.strip().splitlines()
)
"""Plain requests, in lower case, without accents and punctuation. As whole lines: "don't stop" is none."""


@dataclass(frozen=True, slots=True)
class Request:
    """To unsubscribe: a token from the digest of its edition, an address from everything."""

    who: Claim | str


class Silence(StrEnum):
    """Why a mail asks for nothing."""

    IGNORED = "ignored"  # a program wrote it
    LEFT = "left"  # for a person to read


def asked(mail: Mail, tokens: Tokens) -> Request | Silence:
    """What the mail asks for. An address in a request is normalised."""
    if mail.automatic:
        return Silence.IGNORED
    claim = _claim(mail, tokens)
    if claim is not None:
        return Request(claim)
    if any(_is_request(line) for line in (mail.subject, *mail.opening[:1])):
        address = _sender(mail)
        if address is not None:
            return Request(address)
    return Silence.LEFT


def _claim(mail: Mail, tokens: Tokens) -> Claim | None:
    # Some mail programs do not decode the subject that a mailto: address holds.
    text = "\n".join((unquote(mail.subject), *mail.opening))
    for match in islice(_TOKEN.finditer(text), _MOST_TOKENS):
        claim = tokens.read(Purpose.LETTER, match[0])
        if claim is not None:
            return claim
    return None


def _is_request(line: str) -> bool:
    decomposed = unicodedata.normalize("NFKD", line[:200]).casefold()
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = re.sub(r"[\W_]+", " ", plain)
    return " ".join(_POLITE.sub(" ", words).split()) in REQUESTS


def _sender(mail: Mail) -> str | None:
    # With several senders nobody can say which of them asked.
    if len(mail.senders) != 1:
        return None
    try:
        return normalise(mail.senders[0])
    except SubscriberError:
        return None
