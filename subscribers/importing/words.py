"""What people write when they mean that somebody may be mailed, or not: in the names of columns and in their
cells. English, German, French, Spanish, Dutch and Italian, and their neighbours in Europe.

These words never make anybody mailable. They decide whether a column that Rapport does not use may be left
aside, so a word too many costs a question, and one too few a mail to somebody who said no.
"""

from __future__ import annotations

import re
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
    "disabled", "enabled", "deactivat", "delet", "remov", "archived", "cancel", "banned", "invalid",
    "undeliver", "confirm", "verified", "accept", "agree", "allow", "inactiv", "inaktiv", "inactif",
    "inattiv", "leav", "churn", "lapsed", "resign", "quarantin", "terminat",
    # German
    "einwillig", "zustimm", "zugestimmt", "erlaub", "abgemeld", "abmeld", "angemeld", "anmeld", "abbestell",
    "austrag", "ausgetrag", "sperr", "abonn", "widerruf", "widerspr", "werbung", "empfang", "beschwer",
    "bestatig", "austritt", "ausstieg", "kundig", "losch", "entfernt",
    # French, Spanish, Italian, Portuguese
    "desabo", "inscri", "rebond", "plainte", "bloque", "autoris", "autoriz", "recevoir", "suscri", "acept",
    "rebot", "queja", "recibir", "iscri", "rimbalz", "blocc", "reclam", "annull", "ricever",
    "accett", "descadast", "supprim", "sortie", "resili", "elimin", "borrad", "rimoss", "uscita",
    # Dutch, Polish, the Nordic languages
    "uitgeschr", "uitschrij", "afgemeld", "afmeld", "toestem", "geblok", "klacht",
    "ingeschr", "inschrij", "ontvang", "verwijder", "opgezeg", "opzeg", "zgod", "wypis", "rezygn", "usuni",
    "samty", "prenumer", "avregist", "avanmal", "avmeld", "frameld", "tilmeld", "reservert", "peruut",
    "suostum", "tilaa", "lupa", "kielt",
    # Czech, Slovak, Slovene, Croatian; Hungarian, Romanian, Baltic, Turkish, Indonesian, Vietnamese
    "odhlas", "souhlas", "suhlas", "soglas", "odber", "odjav", "pretplat", "privol", "leirat", "feliratk",
    "hozzajar", "dezabon", "loobu", "nousol", "atsisak", "sutik", "atteik", "piekri", "abone", "izin",
    "iptal",
    "berhent", "berlangg", "huyđang",
    "deceas", "verstorb", "overled", "purge", "snooz", "paus", "ignor", "objecti", "unjoin", "engage",
    "ruhend", "molest",
    # What was checked, refused or chosen
    "reject", "refus", "oppos", "lopd", "lgpd", "marketab", "deliverab", "frequen", "haufigk", "preferen",
)  # fmt: skip
"""Parts of a column's name that speak of whether somebody may be mailed."""

_NAMES = frozenset((
    "active", "opt", "dnc", "stop", "stopped", "left", "gone", "quit", "ended", "expired", "baja",
    "stato", "estado", "stav", "aktiv", "actif", "activo", "actief", "attivo", "mailable",
    "emailable", "contactable", "reachable", "dont", "never", "end", "exit", "departure", "depart",
    "reason", "grund", "motif", "motivo", "closed", "hidden", "trash", "trashed", "hold",
    "skip", "skipped", "silent", "mute", "muted", "robinson", "dead", "junk", "returned", "reported",
    "failed", "failure", "error", "errors", "ndr", "fbl", "hb", "leaver", "until", "kein", "keine", "geen",
    "valid", "void", "lists", "verteiler", "baixa", "stan",
))  # fmt: skip
"""Words of a column's name that do, by themselves."""

_OF_MAIL = (
    "mail", "letter", "digest", "contact", "kontakt", "update", "news", "brief", "lettre", "correo", "send",
    "want", "wish", "list", "bulletin", "flag", "courriel", "write", "hear", "interest", "schreib", "ecrire",
)  # fmt: skip
"""Parts of a name that do if the column says only yes or no."""

_YES_OR_NO = (
    "yes", "no", "ja", "nein", "nee", "oui", "non", "si", "sim", "nao", "tak", "nie", "ano", "ne", "da", "nu",
    "nej", "nei", "kylla", "ei", "jah", "igen", "nem", "evet", "hayır", "ya", "tidak", "allow", "deny",
)  # fmt: skip
"""What a longer yes or no begins with: "No thanks"."""

_LISTED = re.compile(r"[,;|\n]")

_NOT_TO = ("contact", "mail", "email", "e mail", "send", "write", "call")

_SAID = (
    "unsub", "subscribed", "opted", "optout", "opt out", "optin", "bounce", "undeliver", "complain",
    "blacklist", "blocklist", "blocked", "suppressed", "consent", "take off", "remove me",
    *(f"take {whom} off" for whom in ("me", "us", "her", "him", "them")),
    "not want", "don t want", "doesn t want", "didn t want", "not interested", "no interest", "no thanks",
    "no thank you", "opting out", "removal", "anymore",
    "any more", "wrong address", "wrong email", "wrong e mail", "not valid", "not allow", "deceased",
    "passed away",
    "remove from", "be removed", "please remove", "please delete", "left the list", "wants out", "spam",
    *map(" ".join, product(("do not", "don t", "dont", "never", "no", "no more", "stop"), _NOT_TO)),
    "no newsletter", "no letter", "not wish", "no longer w",
    "abgemeldet", "abmeld", "abbestell", "austragen", "ausgetragen", "widerruf", "widerspr", "gesperrt",
    "keine mail", "keine e mail", "kein newsletter", "keine newsletter", "keine werbung", "nicht anschreiben",
    "nicht kontaktieren", "nicht mailen", "nicht mehr", "desabonn", "desinscri", "ne pas contacter",
    "ne plus contacter", "ne pas envoyer", "ne veut plus", "desuscri", "de baja", "no enviar",
    "rebotado", "bloque", "uitgeschreven", "afgemeld", "niet mailen", "geen mail", "geen nieuwsbrief",
    "geblokkeerd", "disiscri", "non contattare", "non inviare", "bloccat", "descadastr",
    # Who wants no more of it, asked to be left alone, or has died
    "not receive", "please stop", "asked to stop", "off the list", "bouncing", "address dead", "stop all",
    "leave alone", "erasure", "abgem", "gekundigt am", "mochte nicht", "will nicht", "veut plus",
    "no longer a",
    "nichts mehr", "nicht erwunscht", "unerwunscht", "kein interesse", "verstorben", "ne souhaite",
    "ne desire",
    "plus recevoir", "etre retire", "a retirer", "pas interesse", "decede", "no quiere", "no desea",
    "no le interesa",
    "darse de baja", "fallecid", "non vuole", "non desidera", "non interess", "rimuover", "decedut",
    "wil geen",
    "geen mails", "niet meer", "geen interesse", "overleden", "nao quer", "nao deseja", "nao enviar",
    "falecid",
    "nie chce", "wypisa", "rezygn", "nechce", "odhlas", "vil ikke", "ønsker ikke", "vill inte", "frameld",
    "avmeld",
    "avregistr", "ei halua", "peruut", "leirat", "nu dore", "dezabon", "odjav", "отпис", "відпис",
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
    "transactional", "banned", "archived", "excluded", "abuse", "never", "aktiv", "inaktiv",
    "abonniert", "angemeldet", "actif",
    "inactif", "abonne", "inscrit", "activo", "inactivo", "suscrito", "baja", "cancelado", "actief",
    "inactief", "geabonneerd", "ingeschreven", "attivo", "inattivo", "iscritto", "cancellato",
    "annullato", "storniert", "gekundigt", "geloscht", "loschen", "not confirmed", "opt in",
    "no permission", "remove", "delete", "valid", "deliverable", "risky", "catchall", "catch all",
    "accept all", "lapsed",
    "expired", "never engaged",
))  # fmt: skip
"""What a cell may say as a whole; within a longer text such words mean much else."""


_WHERE_THEY_LEFT = (
    "unsub", "nonsub", "optout", "opt out", "opted out", "bounc", "complain", "spam", "suppress", "blacklist",
    "blocklist", "blocked", "blocks", "inactive", "invalid email", "unconfirmed", "do not", "abgemeld",
    "abmeld", "abbestell", "ausgetragen", "gesperrt", "geloscht", "inaktiv", "desabonn", "desinscri",
    "inactif", "bajas", "de baja", "desuscri", "uitgeschr", "afgemeld", "disiscri", "descadast",
    "wypisa", "odhlas", "frameld", "avmeld", "avregistr", "leirat", "dezabon", "odjav", "отпис", "відпис",
)  # fmt: skip
"""What the name of a file or the title above a list says of everybody in it."""

_ALL_OF_THEM = frozenset({"cleaned", "removed", "deleted", "invalid", "gone", "left"})
"""The same, by itself: "cleaned readers.csv" is a list that somebody has put in order."""


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
    asks = not name or "?" in column or "ok" in fold(column).split()
    return asks or name in digests or any(part in name for part in _OF_MAIL)


def yes_or_no(cell: str) -> bool:
    """Whether a cell says no more than yes or no (or nothing), if by a tick or politely."""
    said = fold(cell)
    if said in YES or said in NO or said in NOTHING:
        return True
    return not any(sign.isalnum() for sign in said) or said.split()[0] in _YES_OR_NO


def speaks(cell: str) -> bool:
    """Whether a cell, or one of the things that it lists, speaks of whether somebody may be mailed."""
    said = fold(cell)
    return any(part in said for part in _SAID) or any(fold(part) in _WHOLE for part in _LISTED.split(cell))


def tells_of_leaving(title: str) -> bool:
    """Whether the name of a file, or a title above a list, says that everybody in it left or gets no mail."""
    said = fold(title)
    return said in _ALL_OF_THEM or any(part in said for part in _WHERE_THEY_LEFT)


def refuses_mail(name: str) -> bool:
    """Whether somebody's name was made to say that they want no mail: "Ann Smith (unsubscribed)"."""
    said = fold(name)
    return any(part in said for part in _IN_A_NAME)


def may_speak(cells: str) -> bool:
    """Whether any of many cells, joined by line ends, may speak. Quicker than asking each one."""
    said = fold.__wrapped__(cells)
    return any(part in said for part in _SAID) or not _WHOLE_WORDS.isdisjoint(said.split())


_WHOLE_WORDS = frozenset(word for phrase in _WHOLE for word in phrase.split())
