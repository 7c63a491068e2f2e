"""What became of a batch, by SendGrid's answer.

Only SendGrid's own words prove that a batch was surely not taken. A bare 5xx may come from a proxy that
passed the batch on before, and SendGrid has no request key by which one could ask again.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pipeline.core.environment import SENDGRID_KEY
from pipeline.core.words import sentence
from pipeline.providers import NO_CREDITS, BatchResult, Result
from pipeline.providers.redact import Redactor
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.providers import Batch

# `personalizations.3.to.0.email` is how SendGrid writes it; some messages write `personalizations[3]`.
_WHO = re.compile(r"personalizations(?:\.|\[)([0-9]{1,4})(?![0-9])")

_CREDITS = re.compile(
    r"\bcredits?\b|\btrial (?:has |is )?(?:ended|expired|over)"
    r"|\b(?:reached|exceeded) (?:your|the) (?:\w+ )?limit\b"
    r"|\bplan (?:has |is )?(?:expired|ended)",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\baccount (?:is |was |has been )?(?:temporarily )?(?:suspended|disabled|deactivated|banned|"
    r"frozen|locked|under review)|\bsuspended account",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"\bip(?: address)?(?:es)? (?:is |are )?not (?:white|allow)listed|\bip access", re.IGNORECASE
)

NO_CREDITS_REMEDY = (
    "Buy credits or another plan at SendGrid (Settings, Account Details), or wait until they are given anew."
)
_CHECK_URL = "Check delivery.sendgrid.api_url."

_FEW = 10
"""If all readers of a batch are named in errors, and they are so few, the fault may still be theirs alone."""


def judge(status: int, headers: Mapping[str, Any], body: bytes, batch: Batch, key: str = "") -> BatchResult:
    """The result of a batch that was answered. Raises nothing, whatever the answer holds."""
    if status == 202:
        return BatchResult(Result.ACCEPTED)
    errors = _errors(body)
    clean = Redactor(batch, key)
    said = _said(errors, clean)

    match status:
        case 429:
            return BatchResult(Result.REFUSED, f"SendGrid asks to wait (429){said}", wait_of(headers))
        case 500 | 503 if errors:
            return BatchResult(Result.REFUSED, f"SendGrid could not take it ({status}){said}")
        case 401 | 402 | 403 if without_credits(body):
            return _stop(f"{NO_CREDITS} ({status}){said}", NO_CREDITS_REMEDY)
        case 401 | 403 if any(_ACCOUNT.search(error["message"]) for error in errors):
            return _stop(
                f"SendGrid has closed the account, for now at least ({status}){said}",
                "Another key changes nothing: ask SendGrid's support.",
            )
        case 401 | 403 if any(_MACHINE.search(error["message"]) for error in errors):
            return _stop(
                f"SendGrid takes nothing from this machine's address ({status}){said}",
                "Add the address at SendGrid (Settings, IP Access Management).",
            )
        case 401:
            return _stop(f"SendGrid refused the API key (401){said}", f"Check {SENDGRID_KEY}.")
        case 403:
            return _stop(
                f"SendGrid forbids it (403){said}",
                "Give the key the scope mail.send, or verify the sender at SendGrid.",
            )
        case 413:
            return BatchResult(Result.TOO_LARGE, f"SendGrid finds the request too large (413){said}")
        case 400:
            return _bad_request(errors, batch, clean, said)
        case 404 | 405 | 406 | 415:
            return _stop(f"no mail is taken at this address ({status}){said}", _CHECK_URL)
        # The request may have reached SendGrid: a gateway says so when the answer does not come in time.
        case 408 | 499:
            return BatchResult(Result.UNCERTAIN, f"timed out on the way ({status})")
    if 300 <= status < 400:
        return _stop(f"redirected ({status}), which is never followed", _CHECK_URL)
    if 400 <= status < 500:
        return _stop(f"SendGrid refused it ({status}){said}")
    # Any other 2xx is doubt, too. 200 is documented for sandbox mode only, which Rapport does not use; so it
    # is not known who answered and what they did.
    return BatchResult(Result.UNCERTAIN, f"an answer that does not say whether it was taken ({status})")


def _bad_request(errors: list[dict[str, Any]], batch: Batch, clean: Redactor, said: str) -> BatchResult:
    """A 400 is about certain people only if each of its errors names some; else it is about everyone."""
    rejected: dict[int, str] = {}
    for error in errors:
        who = _people(error, batch)
        if not who:
            return _stop(f"SendGrid rejects sender or content (400){said}")
        for place in who:
            rejected.setdefault(batch.recipients[place].subscriber, _one(error, clean))
    # If all of many are named, the cause is what they have in common; to reject batch after batch would leave
    # nobody. But a few may really all be bad, and would otherwise stop the edition after each resume.
    if not rejected or len(rejected) == len(batch.recipients) > _FEW:
        return _stop(f"SendGrid rejects the request (400){said}")
    return BatchResult(
        Result.REJECTED, f"SendGrid rejects {len(rejected)} of the batch (400)", rejected=rejected
    )


def _people(error: dict[str, Any], batch: Batch) -> list[int]:
    """The places in the batch of the people whom an error is about."""
    field, message = error.get("field"), error["message"]
    field = field if isinstance(field, str) else ""
    for text in (field, message):
        places = sorted({int(place) for place in _WHO.findall(text)})
        if places:
            return places if places[-1] < len(batch.recipients) else []
    if not field.startswith("personalizations"):
        return []
    # "Each unique email address in the personalizations array should only be included once. You have
    # included [address] more than once": two spellings of one address were not recognised. The first stays.
    words = {word.strip("[]<>()'\".,;:").casefold() for word in message.split() if "@" in word}
    places = [n for n, person in enumerate(batch.recipients) if person.address.casefold() in words]
    return places[1:] or places


def _errors(body: bytes) -> list[dict[str, Any]]:
    """SendGrid's own errors, `{"errors": [{"message", "field", "help"}]}`; none for any other body."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return []
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return []
    if not all(isinstance(error, dict) and isinstance(error.get("message"), str) for error in errors):
        return []
    return errors


def _one(error: dict[str, Any], clean: Redactor) -> str:
    field = error.get("field")
    message = clean(error["message"])
    return f"{clean(field)}: {message}" if isinstance(field, str) and field else message


def _said(errors: list[dict[str, Any]], clean: Redactor) -> str:
    return f" [{_one(errors[0], clean)}]" if errors else ""


def without_credits(body: bytes) -> bool:
    """Whether an answer says that the account has used up its credits (`Maximum credits exceeded`).

    SendGrid says it with the status of a bad key (sendgrid/sendgrid-nodejs#1032).
    """
    if errors := _errors(body):
        return any(_CREDITS.search(error["message"]) for error in errors)
    return b"maximum credits exceeded" in body[:1000].lower()


def _stop(reason: str, remedy: str = "") -> BatchResult:
    return BatchResult(Result.STOP, f"{sentence(reason)} {remedy}" if remedy else reason)


def wait_of(headers: Mapping[str, Any]) -> float | None:
    """Seconds to wait: `Retry-After`, else until `X-RateLimit-Reset` (unix seconds).

    Measured by the server's clock, if the answer has a Date. Neither header is promised (API docs,
    rate-limits).
    """
    now = _date(headers.get("Date")) or clock.now()
    after = str(headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", after):
        return float(after)
    until = _date(after)
    reset = str(headers.get("X-RateLimit-Reset") or "").strip()
    if until is None and re.fullmatch(r"[0-9]{1,10}", reset):
        until = datetime.fromtimestamp(int(reset), UTC)
    return max(0.0, (until - now).total_seconds()) if until else None


def _date(value: object) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(value or ""))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
