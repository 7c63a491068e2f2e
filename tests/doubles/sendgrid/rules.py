"""What SendGrid refuses in the body of a `POST /v3/mail/send`, and in which words."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Error = tuple[str, str | None]

MOST_RECIPIENTS = 1000
MOST_BYTES = 10_000
MOST_DAYS_AHEAD = 3

# The useless answer to a value of the wrong type where a string is due: no field, no reason.
BAD_REQUEST: Error = ("Bad Request", None)

_REQUEST = {
    *("personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments"),
    *("template_id", "headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name"),
    *("mail_settings", "tracking_settings"),
}
_PERSONALIZATION = {
    *("from", "to", "cc", "bcc", "subject", "headers", "substitutions", "dynamic_template_data"),
    *("custom_args", "send_at"),
}
_PERSON = {"email": str, "name": str}
_ASM: dict[str, type] = {"group_id": int, "groups_to_display": list}
_ON: dict[str, type] = {"enable": bool}
_TRACKING: dict[str, dict[str, type]] = {
    "click_tracking": {**_ON, "enable_text": bool},
    "open_tracking": {**_ON, "substitution_tag": str},
    "subscription_tracking": {**_ON, "text": str, "html": str, "substitution_tag": str},
    "ganalytics": {
        **_ON,
        **{f"utm_{name}": str for name in ("source", "medium", "term", "content", "campaign")},
    },
}
_MAIL: dict[str, dict[str, type]] = {
    "bypass_list_management": _ON,
    "bypass_spam_management": _ON,
    "bypass_bounce_management": _ON,
    "bypass_unsubscribe_management": _ON,
    "footer": {**_ON, "text": str, "html": str},
    "sandbox_mode": _ON,
}
RESERVED_HEADERS = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}
_NAMES = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}
_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", re.ASCII
)


def problems(body: Any) -> list[Error]:
    """Everything that is wrong with a request; empty: it is taken."""
    if not isinstance(body, dict):
        return [BAD_REQUEST]
    return list(_request(body))


def _request(body: dict[str, Any]) -> Iterator[Error]:
    yield from _unknown(body, _REQUEST, "")
    yield from _envelopes(body)
    if "from" not in body:
        yield "The from object must be provided for every email send.", "from.email"
    else:
        yield from _person(body["from"], "from", sender=True)
    if "reply_to" in body and "reply_to_list" in body:
        yield "Either reply_to or reply_to_list may be provided, not both.", "reply_to"
    if "reply_to" in body:
        yield from _person(body["reply_to"], "reply_to")
    yield from _subject_and_content(body)
    yield from _headers(body.get("headers", {}), "headers")
    yield from _string_values(body.get("custom_args", {}))
    yield from _categories(body.get("categories", []))
    yield from _send_at(body, "")
    yield from _settings(body.get("tracking_settings", {}), _TRACKING, "tracking_settings")
    yield from _hosted_unsubscribe(body)
    yield from _settings(body.get("mail_settings", {}), _MAIL, "mail_settings")
    bypassed = [name for name in body.get("mail_settings", {}) if name.startswith("bypass_")]
    if "bypass_list_management" in bypassed and len(bypassed) > 1:
        yield "bypass_list_management cannot be combined with other bypass filters.", "mail_settings"
    yield from _settings({"asm": body["asm"]} if "asm" in body else {}, {"asm": _ASM}, "")
    if len(body.get("asm", {}).get("groups_to_display", [])) > 25:
        yield "A maximum of 25 groups may be displayed.", "asm.groups_to_display"
    if not 2 <= len(body.get("ip_pool_name", "pool")) <= 64:
        yield "The ip_pool_name must be between 2 and 64 characters.", "ip_pool_name"


def _envelopes(body: dict[str, Any]) -> Iterator[Error]:
    envelopes = body.get("personalizations")
    if not isinstance(envelopes, list) or not envelopes:
        yield (
            "The personalizations field is required and must have at least one personalization.",
            "personalizations",
        )
        return
    if len(envelopes) > MOST_RECIPIENTS:
        yield f"No more than {MOST_RECIPIENTS} personalizations may be included.", "personalizations"
    shared = body.get("custom_args", {})
    addresses: Counter[str] = Counter()
    for n, envelope in enumerate(envelopes):
        where = f"personalizations.{n}"
        if not isinstance(envelope, dict):
            yield "Invalid type. Expected: object.", where
            continue
        yield from _envelope(envelope, where, shared if isinstance(shared, dict) else {})
        for kind in ("to", "cc", "bcc"):
            people = envelope.get(kind, [])
            for person in people if isinstance(people, list) else []:
                if isinstance(person, dict) and isinstance(person.get("email"), str):
                    addresses[person["email"].lower()] += 1
    if addresses.total() > MOST_RECIPIENTS:
        yield f"The total number of recipients must be no more than {MOST_RECIPIENTS}.", "personalizations"
    for address, times in addresses.items():
        if times > 1:
            yield (
                "Each unique email address in the personalizations array should only be included once."
                f" You have included [{address}] more than once.",
                "personalizations",
            )


def _envelope(envelope: dict[str, Any], where: str, shared: dict[str, Any]) -> Iterator[Error]:
    yield from _unknown(envelope, _PERSONALIZATION, where)
    if not isinstance(envelope.get("to"), list) or not envelope["to"]:
        yield (
            "The to array is required for all personalization objects, and must have at least one email"
            " object with a valid email address.",
            f"{where}.to",
        )
    for kind in ("to", "cc", "bcc"):
        people = envelope.get(kind, [])
        for n, person in enumerate(people if isinstance(people, list) else []):
            yield from _person(person, f"{where}.{kind}.{n}")
    if "from" in envelope:
        yield from _person(envelope["from"], f"{where}.from", sender=True)
    if "subject" in envelope:
        yield from _text(envelope["subject"], f"{where}.subject")
    yield from _headers(envelope.get("headers", {}), f"{where}.headers")
    yield from _send_at(envelope, f"{where}.")
    own, swap = envelope.get("custom_args", {}), envelope.get("substitutions", {})
    for strings in (own, swap):
        yield from _string_values(strings)
    if isinstance(own, dict) and len(json.dumps({**shared, **own}).encode()) >= MOST_BYTES:
        yield f"The custom_args must be less than {MOST_BYTES} bytes.", f"{where}.custom_args"
    if isinstance(swap, dict) and sum(len(f"{tag}{to}".encode()) for tag, to in swap.items()) > MOST_BYTES:
        yield f"The substitutions must not exceed {MOST_BYTES} bytes.", f"{where}.substitutions"


def _person(person: Any, where: str, *, sender: bool = False) -> Iterator[Error]:
    if not isinstance(person, dict):
        yield f"Invalid type. Expected: object, given: {_given(person)}.", where
        return
    yield from _unknown(person, set(_PERSON), where)
    email, name = person.get("email"), person.get("name", "")
    if not isinstance(email, str):
        yield f"Invalid type. Expected: string, given: {_given(email)}.", f"{where}.email"
    elif not (email.isascii() and _ADDRESS.match(email)):
        yield "Does not contain a valid address.", f"{where}.email"
    if not isinstance(name, str):
        yield BAD_REQUEST
    elif sender and not name.isascii():
        yield "Unicode encoding is not supported for the from field.", f"{where}.name"
    elif not sender and set(name) & set(";,"):
        yield "The name may not contain semicolons or commas.", f"{where}.name"


def _subject_and_content(body: dict[str, Any]) -> Iterator[Error]:
    if "template_id" not in body and not all("subject" in e for e in body.get("personalizations") or [{}]):
        yield from _text(body.get("subject"), "subject")
    content = body.get("content", [])
    if not isinstance(content, list) or ("template_id" not in body and not content):
        yield "Unless a valid template_id is provided, the content parameter is required.", "content"
        return
    kinds = []
    for n, part in enumerate(content):
        if not isinstance(part, dict):
            yield "Invalid type. Expected: object.", f"content.{n}"
            continue
        yield from _unknown(part, {"type", "value"}, f"content.{n}")
        yield from _text(part.get("value"), f"content.{n}.value")
        yield from _text(part.get("type"), f"content.{n}.type")
        kinds.append({"text/plain": 0, "text/html": 1}.get(part.get("type", ""), 2))
    if kinds != sorted(kinds):
        yield (
            "If present, text/plain must be first, followed by text/html, followed by any other content.",
            "content",
        )


def _hosted_unsubscribe(body: dict[str, Any]) -> Iterator[Error]:
    """Stricter than SendGrid, which would take these and mail what nobody meant."""
    tracking = body.get("tracking_settings", {}).get("subscription_tracking", {})
    if not tracking.get("enable"):
        return
    where = "tracking_settings.subscription_tracking"
    tag = tracking.get("substitution_tag")
    for n, part in enumerate(body.get("content", [])):
        if not tag or tag not in part["value"]:
            yield "Without its tag SendGrid adds a footer of its own.", f"content.{n}"
    for envelope in body["personalizations"]:
        if tag in envelope.get("substitutions", {}):
            yield "Which of the two stands in for the tag is documented nowhere.", where
        if "List-Unsubscribe" in {**body.get("headers", {}), **envelope.get("headers", {})}:
            yield "Which List-Unsubscribe is sent is documented nowhere.", where


def _headers(headers: Any, where: str) -> Iterator[Error]:
    yield from _string_values(headers)
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if name.lower() in RESERVED_HEADERS:
            yield f"The header {name} is reserved and may not be set.", where
        elif not re.fullmatch(r"[!-9;-~]+", name):
            yield "The header name is not valid.", where
        if isinstance(value, str) and not (value.isascii() and value.isprintable()):
            yield "Header values must be encoded and hold no line break.", f"{where}.{name}"


def _string_values(values: Any) -> Iterator[Error]:
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        yield BAD_REQUEST


def _categories(categories: Any) -> Iterator[Error]:
    if not isinstance(categories, list) or not all(isinstance(name, str) for name in categories):
        yield BAD_REQUEST
        return
    if len(categories) > 10:
        yield "No more than 10 categories may be included.", "categories"
    if len(set(categories)) != len(categories):
        yield "Categories must be unique.", "categories"
    if any(len(name) > 255 for name in categories):
        yield "A category must not exceed 255 characters.", "categories"


def _send_at(body: dict[str, Any], where: str) -> Iterator[Error]:
    when = body.get("send_at", 0)
    if type(when) is not int:
        yield f"Invalid type. Expected: integer, given: {_given(when)}.", f"{where}send_at"
    elif when > time.time() + MOST_DAYS_AHEAD * 86_400:
        yield "Scheduling more than 72 hours in advance is forbidden.", f"{where}send_at"


def _settings(given: Any, known: dict[str, dict[str, type]], where: str) -> Iterator[Error]:
    if not isinstance(given, dict):
        yield f"Invalid type. Expected: object, given: {_given(given)}.", where
        return
    yield from _unknown(given, set(known), where)
    for name, setting in given.items():
        at = f"{where}.{name}".lstrip(".")
        if not isinstance(setting, dict):
            yield f"Invalid type. Expected: object, given: {_given(setting)}.", at
            continue
        types = known.get(name, {})
        yield from _unknown(setting, set(types), at)
        for key, value in setting.items():
            # type(), for to Python true is a number; a boolean in quotes is refused too.
            if key in types and type(value) is not types[key]:
                yield f"Invalid type. Expected: {_NAMES[types[key]]}, given: {_given(value)}.", f"{at}.{key}"


def _unknown(given: dict[str, Any], known: set[str], where: str) -> Iterator[Error]:
    for name in given.keys() - known:
        yield f"Additional property {name} is not allowed", where or name


def _text(value: Any, where: str) -> Iterator[Error]:
    if not isinstance(value, str) or not value:
        yield (
            f"The {where.rsplit('.', 1)[-1]} is required and must be a string of at least one character.",
            where,
        )


def _given(value: Any) -> str:
    return "null" if value is None else _NAMES.get(type(value), "number")
