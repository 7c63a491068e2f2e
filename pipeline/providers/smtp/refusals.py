"""Whom a refusal concerns, by the server's code and words: the one reader, everyone, or only this moment.

Servers word the same refusal differently, and many give no enhanced status code (RFC 3463). What concerns
everyone is a refusal of us: relaying, login, sender, policy. It says nothing of the reader.
"""

from __future__ import annotations

import re
from enum import Enum


class Concern(Enum):
    READER = "the address or its mailbox, or a greylist that asks to come back"
    US = "relaying, login, sender or policy: everyone, however few were refused"
    RATE = "how much mail the server takes in a time"
    UNKNOWN = "not said; when many in a row are refused alike, everyone"


US_REMEDY = (
    "Have the mail server pass on this machine's mail, or log in to it ([delivery.smtp]). If a policy or a "
    "block list refuses, whoever keeps that can say why."
)
RATE_REMEDY = (
    "Set delivery.rate (mails a second) below the server's limit; if it counts connections, set "
    "delivery.smtp.connections lower."
)

_LOGIN_CODES = (523, 530, 534, 535, 538)  # RFC 4954, 6; RFC 5248, 2.4
_CLOSING = 421  # RFC 5321, 4.2.2

# An address or a host's name says nothing, whatever words are in it: relay.example.org.
_NAME = re.compile(r"@|[a-z]\.[a-z]", re.IGNORECASE)

# Security and policy (RFC 3463, 3.8), wherever it stands: qmail puts it at the end. An IP address is no code.
_POLICY_CODE = re.compile(r"(?<![0-9.])5\.7\.[0-9]{1,3}(?![0-9]|\.[0-9])")
# An address or its mailbox (RFC 3463, 3.2 and 3.3); X.1.7 and X.1.8 are the sender's. qmail writes (#5.1.1).
_READER_CODE = re.compile(r"(?:^|#)[45]\.(?:1\.(?:[0-6]|10)|2\.[0-9]{1,3})(?![0-9])")
_SENDER_CODE = re.compile(r"[45]\.1\.[78](?![0-9])")

# Greylisting asks for each letter a second time (RFC 6647).
_GREYLIST = re.compile(r"\b(?:post)?gr[ae]y|\btriplet\b", re.IGNORECASE)

# Before the words of a mailbox: of a sender that does not exist servers also say "no such user".
_SENDER = re.compile(
    r"\bsender (?:address |domain )?(?:is |was )?(?:verif|reject|refuse|denied|unknown|not )"
    r"|\b(?:invalid|bad|domain of|outbound) sender|\b(?:invalid|bad) (?:mail|envelope)[ -]?from\b",
    re.IGNORECASE,
)
# What is said of the account or the machine that hands in, not of the mailbox that is asked for.
_OURS = re.compile(
    r"\b(?:your|(?:for|from|of|on) this) account\b|\baccount (?:is |was )?suspended (?:due|for)"
    r"|\bsmart ?host\b"
    r"|\boutgoing mail\b|\bsend-?as-?denied\b|\bsending quota\b|\bis not verified\b|domainnotverified\b"
    r"|\bunverified (?:sending |sender )?domain\b|\bnot our customer\b|\baccept (?:\w+ )?mail from you\b"
    r"|\byour organi[sz]ation\b|\bnot logged in\b|\bconfiguration set\b|\bunusual sending\b"
    r"|\bverify your\b"
    r"|\bsending (?:is |was |has been )?(?:disabled|paused|blocked|stopped)"
    # What is paid for
    r"|\b(?:trial|free) (?:account|plan)s?\b|\byour (?:plan|package|subscription|credits?|balance)\b"
    r"|\b(?:insufficient|no|out of|not enough) (?:sending )?(?:credits?|funds|balance)\b"
    r"|\bsubscription expired",
    re.IGNORECASE,
)
# A server that takes mail for its own domains only, and does not call that relaying.
_ELSEWHERE = re.compile(
    r"\b(?:domain|host)s? (?:(?:is|are) )?(?:not|isn['’]t|aren['’]t) (?:hosted|handled|served|local"
    r"|one of|in (?:my|our))"
    r"|\b(?:accept|handle|take|process)s? (?:mail|e-?mail|messages?) for (?:this|that|other|foreign"
    r"|remote|your)"
    r" (?:domain|host)|\bnot in (?:my |our |the )?(?:list of )?(?:local|allowed|accepted"
    r"|hosted) (?:domain|host)"
    r"|\ballowed recipient (?:host|domain)s?\b",
    re.IGNORECASE,
)
# "User unknown in relay recipient table" (Postfix) is a dead mailbox.
_RELAYING = re.compile(r"\brelay(?! recipient)", re.IGNORECASE)
_MAILBOX = re.compile(
    r"\b(?:user|recipient|address|account) (?:is )?unknown"
    r"|\bunknown (?:or illegal )?(?:user|recipient|mailbox|address|local)"
    r"|\b(?:no|not a) (?:such|valid) (?:user|recipient|mailbox|person|address|account)|\bno mailbox\b"
    r"|\b(?:user|recipient|mailbox|account|address) (?:was |is |has been )?"
    r"(?:not (?:found|known)|unavailable|full|disabled|inactive|suspended|over)"
    r"|\b(?:invalid|inactive|disabled|bad destination) (?:recipient|mailbox)|\b(?:doesn['’]t"
    r"|does not) have an? (?:\w+ )?(?:account|mailbox)"
    # Servers that speak German, French, Dutch, Spanish, Italian, Portuguese
    r"|\b(?:benutzer|empf(?:ä|ae)nger|adresse|postfach|mailbox|konto) (?:ist )?(?:unbekannt"
    r"|nicht (?:gefunden|bekannt))"
    r"|\b(?:utilisateur|destinataire|adresse|boîte|boite) (?:est )?(?:inconnue?|introuvable)"
    r"|\b(?:gebruiker|adres|mailbox) (?:is )?onbekend|\b(?:usuario|destinatario|utente|usuário|destinatário)"
    r" (?:desconocido|sconosciuto|desconhecido|inexistente|no existe|não existe)"
    r"|\b(?:does not|doesn't|doesn’t|did not|(?<!may )not) exist|\bwasn['’]t found\b|\binesistente\b"
    r"|\brecipnotfound\b|\bover ?quota"
    r"|\bmailbox (?:quota|size)|\brecipient address rejected: access denied",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\brcpthosts\b|\bnot (?:a )?local\b|\bnon-?local\b|authenticat|\bauth\b|authori[sz]"
    r"|\blog[ -]?in\b|\bcredential|\bstarttls\b|\bencryption (?:is )?(?:required|needed)"
    r"|\btls (?:is )?(?:required|not available)|\bpassword\b"
    r"|\bpop[ -]before[ -]smtp"
    r"|\bsend(?:ing)? (?:is )?not (?:permitted|allowed)|\b(?:permitted|allowed|permissions?) to send"
    r"|\bmay not send|\b(?:remote|external|foreign|outside) (?:host|domain|recipient|address)",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"\bpolic(?:y|ies)\b|\badministrativ|\bprohibited\b|\bsender\b|\bspf\b|\bdkim\b|\bdmarc\b|\bspam"
    r"|\bunsolicited\b|\b(?:block|black|deny)[ -]?list|\b(?:rbl|dnsbl)\b|\breputation\b|\bclient host\b"
    r"|\bblocked\b|\bbanned\b|\b(?:helo|ehlo|rdns|ptr)\b|\breverse (?:dns|hostname)"
    r"|\byour (?:ip|host|network|server|domain)\b|\bnot (?:permitted|allowed|accepted|welcome)\b"
    r"|\bpermission\b|\bdenied\b|\blisted (?:in|at|on|by)\b|\bjunk|\bvirus\b"
    # The letter's form is that of everyone's letter.
    r"|\bheaders?\b|\bline length\b",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"\btoo (?:much|many) (?:mail|e-?mail|message|recipient|connection|deliver|concurrent|request"
    r"|session|traffic)"
    r"|\brate\b|\brate-?limit|\bthrottl|\btoo (?:fast|quickly|frequent)|\bslow (?:down|your)\b"
    r"|\bunexpected volume\b"
    r"|(?<!size )(?<!storage )\blimit (?:is |was )?(?:exceeded|reached|erreicht|überschritten"
    r"|atteinte|superado)"
    r"|\b(?:messages|mails|recipients) per connection\b",
    re.IGNORECASE,
)
# Before the words of a mailbox: "mailbox unavailable. Mail send limit exceeded" (IONOS).
_SENDING_LIMIT = re.compile(
    r"\b(?:mails?|e-?mails?|message) send(?:ing)? (?:limit|quota)|\bsubmission ?quota"
    r"|\bquota exceeded for sender",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\b(?:hourly|daily|monthly|seconds?|minutes?|hours?|days?|sending|outgoing|outbound)\b", re.IGNORECASE
)
_LIMIT = re.compile(
    r"\b(?:quota|limit)|\bexceeded\b|\b(?:number|maximum|max) (?:\w+ )?(?:of )?(?:mail|e-?mail"
    r"|message|recipient)",
    re.IGNORECASE,
)


def concern(code: int, said: str) -> Concern:
    """Whom a reply of 4xx or 5xx concerns. ``said``: its text on one line, without the code."""
    for_now = code < 500
    words = " ".join(word for word in said.split() if not _NAME.search(word))
    if for_now and _GREYLIST.search(words):
        return Concern.READER
    if code in _LOGIN_CODES or _POLICY_CODE.search(said):
        return Concern.US
    if not for_now and (_SENDER_CODE.match(said) or _SENDER.search(words) or _OURS.search(words)):
        return Concern.US
    relaying, of_reader = _RELAYING.search(words), _READER_CODE.search(said)
    if not for_now and (_ELSEWHERE.search(words) or (relaying and not of_reader and not _limits(words))):
        return Concern.US
    if _SENDING_LIMIT.search(words):
        return Concern.RATE
    # 421 ends the connection: that is never said of one mailbox.
    if code != _CLOSING and _MAILBOX.search(words):
        return Concern.READER
    if not of_reader and _limits(words):
        return Concern.RATE
    if relaying or _LOGIN.search(words):
        return Concern.US
    if of_reader:
        return Concern.READER
    # A policy that refuses for now may be asked again by itself.
    if not for_now and _POLICY.search(words):
        return Concern.US
    return Concern.UNKNOWN


def remedy_of(concerns: Concern) -> str:
    """A sentence for staff; empty where there is nothing that they could do."""
    return {Concern.US: US_REMEDY, Concern.RATE: RATE_REMEDY}.get(concerns, "")


def _limits(words: str) -> bool:
    return bool(_RATE.search(words) or (_PERIOD.search(words) and _LIMIT.search(words)))
