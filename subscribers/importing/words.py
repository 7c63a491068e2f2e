"""What people write when they mean that somebody may be mailed, or not: in the names of columns and in their
cells. English, German, French, Spanish, Dutch and Italian, and some of their neighbours.

These words never make anybody mailable. They decide whether a column that Rapport does not use may be left
aside, so a word too many costs a question, and one too few a mail to somebody who said no.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import product

_TO_SPACE = {number: " " for number in range(128) if not chr(number).isalnum()}


@lru_cache(maxsize=1 << 12)
def fold(text: str) -> str:
    """The text without differences of spelling: lower case, no accents, and one space for all other signs.

    A text of other signs only, such as a tick, stays as it is: it is not empty.
    """
    if text.isascii():
        words = text.lower().translate(_TO_SPACE)
    else:
        parts = unicodedata.normalize("NFKD", text).casefold()
        words = "".join(
            part if part.isalnum() else " "
            for part in parts
            if unicodedata.category(part) not in ("Mn", "Cf")
        )
    return " ".join(words.split()) or text.strip().strip("\ufeff\u200b")


def plain(column: str) -> str:
    """A column's name without differences of spelling: Email Address and email_address are the same."""
    return fold(column).replace(" ", "")


YES = frozenset({"true", "yes", "y", "1", "t", "on", "ja", "j", "oui", "si", "sim", "x", "wahr", "vrai"})
NO = frozenset({"false", "no", "n", "0", "f", "off", "nein", "non", "nee", "nao", "falsch", "faux"})
NOTHING = frozenset({"", "-", "–", "—", "null", "none", "nan", "n a", "0000 00 00", "0000 00 00 00 00 00"})
"""What programs write for an empty cell."""

_STEMS = (
    # status, subscription, opting, permission, consent, bouncing, blocking, complaints
    "status", "statut", "subscri", "unsub", "optin", "optout", "opted", "permis", "permess", "consen",
    "bounc", "block", "blacklist", "complain", "abuse", "spam", "suppress",
    "exclu", "marketing", "newsletter", "receiv", "gdpr", "dsgvo", "rgpd", "donot", "nomail", "noemail",
    "disabled", "enabled", "deactivat", "deleted", "removed", "archived", "cancel", "banned", "invalid",
    "undeliver", "confirm", "verified", "accept", "agree", "allow", "inactiv", "inaktiv", "inactif",
    "inattiv",
    # German
    "einwillig", "zustimm", "zugestimmt", "erlaub", "abgemeld", "abmeld", "angemeld", "anmeld", "abbestell",
    "austrag", "ausgetrag", "sperr", "abonn", "widerruf", "widerspr", "werbung", "empfang", "beschwer",
    "bestatig",
    # French, Spanish, Italian, Portuguese
    "desabo", "inscri", "rebond", "plainte", "bloque", "autoris", "autoriz", "recevoir", "suscri", "acept",
    "rebot", "queja", "recibir", "iscri", "rimbalz", "blocc", "reclam", "annull", "cancell", "ricever",
    "accett", "descadast",
    # Dutch, Polish, the Nordic languages
    "uitgeschr", "uitschrij", "afgemeld", "afmeld", "aangemeld", "aanmeld", "toestem", "geblok", "klacht",
    "ingeschr", "inschrij", "ontvang", "zgod", "wypis", "samty", "prenumer", "avregist", "avanmal", "avmeld",
)  # fmt: skip
"""Parts of a column's name that speak of whether somebody may be mailed."""

_NAMES = frozenset((
    "active", "opt", "dnc", "stop", "stopped", "left", "gone", "quit", "ended", "expired", "baja",
    "stato", "estado", "stav", "aktiv", "actif", "activo", "actief", "attivo", "mailable",
    "emailable", "contactable", "reachable", "dont", "never",
))  # fmt: skip
"""Words of a column's name that do, by themselves."""

_OF_MAIL = (
    "mail", "letter", "digest", "contact", "kontakt", "update", "news", "brief", "lettre", "correo", "send",
    "wants", "list", "bulletin", "courriel",
)  # fmt: skip
"""Parts of a name that do if the column says only yes or no."""

_NOT_TO = ("contact", "mail", "email", "e mail", "send", "write", "call")

_SAID = (
    "unsub", "subscribed", "opted", "optout", "opt out", "optin", "bounce", "undeliver", "complain",
    "blacklist", "blocklist", "blocked", "suppressed", "consent", "take me off", "take off", "remove me",
    "remove from", "wants out", "spam",
    *map(" ".join, product(("do not", "don t", "dont", "never", "no", "no more", "stop"), _NOT_TO)),
    "no newsletter", "no letter", "not wish", "no longer w",
    "abgemeldet", "abmeld", "abbestell", "austragen", "ausgetragen", "widerruf", "widerspr", "gesperrt",
    "keine mail", "keine e mail", "kein newsletter", "keine newsletter", "keine werbung", "nicht anschreiben",
    "nicht kontaktieren", "nicht mailen", "nicht mehr", "desabonn", "desinscri", "ne pas contacter",
    "ne plus contacter", "ne pas envoyer", "ne veut plus", "desuscri", "de baja", "no contactar", "no enviar",
    "rebotado", "bloque", "uitgeschreven", "afgemeld", "niet mailen", "geen mail", "geen nieuwsbrief",
    "geblokkeerd", "disiscri", "non contattare", "non inviare", "bloccat", "descadastr",
)  # fmt: skip
"""What a cell may say somewhere in it."""

_IN_A_NAME = (
    "unsubscribed", "opted out", "opt out", "bounced", "abgemeldet", "desabonne", "uitgeschreven",
    *map(" ".join, product(("do not", "don t", "dont"), _NOT_TO)),
)  # fmt: skip
"""What no part of a name says."""

_WHOLE = frozenset((
    "active", "inactive", "pending", "unconfirmed", "confirmed", "enabled", "disabled", "cleaned",
    "removed", "deleted", "cancelled", "canceled", "left", "gone", "stopped", "stop", "withdrawn",
    "revoked", "objected", "declined", "rejected", "refused", "invalid", "dnc", "subscriber",
    "nonsubscribed", "transactional", "blocked", "banned", "archived", "excluded", "complaint",
    "complaints", "abuse", "never", "aktiv", "inaktiv", "abonniert", "angemeldet", "actif",
    "inactif", "abonne", "inscrit", "activo", "inactivo", "suscrito", "baja", "cancelado", "actief",
    "inactief", "geabonneerd", "ingeschreven", "attivo", "inattivo", "iscritto", "cancellato",
    "annullato", "storniert", "gekundigt", "geloscht", "loschen", "not confirmed", "opt in",
    "never subscribed", "no consent", "no permission", "hard bounce",
))  # fmt: skip
"""What a cell may say as a whole; within a longer text such words mean much else."""


def name_speaks(column: str) -> bool:
    """Whether a column's name speaks of whether people may be mailed; or may do so, in a script of which no
    word is known here."""
    spaced = "".join(f" {sign}" if sign.isupper() else sign for sign in column)  # isActive
    words = {*fold(column).split(), *fold(spaced).split()}
    name = plain(column)
    return bool(words & _NAMES) or any(stem in name for stem in _STEMS) or not _in_latin_letters(name)


def _in_latin_letters(name: str) -> bool:
    return name.isascii() or all(
        unicodedata.name(sign, "").startswith("LATIN") for sign in name if sign.isalpha()
    )


def name_speaks_of_mail(column: str, digests: frozenset[str]) -> bool:
    """Whether a column that says only yes or no may say who gets mail: by its name, or without one."""
    name = plain(column)
    return not name or name in digests or any(part in name for part in _OF_MAIL)


def speaks(cell: str) -> bool:
    """Whether a cell speaks of whether somebody may be mailed."""
    said = fold(cell)
    return said in _WHOLE or any(part in said for part in _SAID)


def refuses_mail(name: str) -> bool:
    """Whether somebody's name was made to say that they want no mail: "Ann Smith (unsubscribed)"."""
    said = fold(name)
    return any(part in said for part in _IN_A_NAME)


def may_speak(cells: str) -> bool:
    """Whether any of many cells, joined by line ends, may speak. Quicker than asking each one."""
    said = fold.__wrapped__(cells)
    return any(part in said for part in _SAID) or not _WHOLE_WORDS.isdisjoint(said.split())


_WHOLE_WORDS = frozenset(word for phrase in _WHOLE for word in phrase.split())
