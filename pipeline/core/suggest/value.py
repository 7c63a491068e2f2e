"""What is wrong with a value of the configuration, in the words of its file instead of pydantic's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from pipeline.core.suggest import did_you_mean, folded, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from pipeline.core.config import Keys

_ALSO = {"ssl": "tls", "smtps": "tls", "manual": "required", "automatic": "auto"}
_BY_SMTP = (
    "amazon", "brevo", "email", "gmail", "mail", "mailgun", "mailjet", "mandrill", "postfix", "postmark",
    "resend", "ses", "sparkpost",
)  # fmt: skip
_ALSO |= dict.fromkeys(_BY_SMTP, "smtp")
"""What other programs call a choice of ours; other services are reached by SMTP."""


def said_of(detail: ErrorDetails) -> str:
    """What is wrong with a value, to stand after its key and a colon."""
    kind, given, bounds = detail["type"], detail["input"], detail.get("ctx", {})
    key = next((key for key in reversed(detail["loc"]) if isinstance(key, str)), "")
    if key and detail["loc"][-1] != key and kind == "string_type":
        return "write each entry of the list as a text in quotes"  # its number is no key
    if kind == "literal_error":
        return _choice(given, str(bounds.get("expected", "")))
    if kind == "string_type":
        return _as_text(key, given)
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return "write a whole number, without quotes"
    if kind in ("float_type", "float_parsing", "finite_number"):
        return "write a number, without quotes"
    if kind in ("bool_type", "bool_parsing"):
        return "write true or false, without quotes"
    if kind == "list_type":
        table = isinstance(given, dict)
        return f"write [[{key}]], with double brackets" if table else _as_list(key, given)
    if kind == "model_type":
        return f"write [{key}], with single brackets, and its keys below it" if key else "write a table"
    if kind == "string_pattern_mismatch":
        return _as_name(given)
    if kind in ("string_too_short", "too_short"):
        return "it is empty"
    if bound := _bound(bounds):
        return f"write a number {bound}, not {given}"
    said = detail["msg"].removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def _choice(given: object, expected: str) -> str:
    choices = re.findall("'([^']*)'", expected)
    meant = _ALSO.get(str(given).casefold(), "")
    meant = meant if meant in choices else nearest(str(given), choices)
    shown = given if isinstance(given, int | float) else f'"{given}"'
    told = expected.replace("'", '"')
    return f"{shown} is none of {told}" + (f'; did you mean "{meant}"?' if meant else "")


def _as_text(key: str, given: object) -> str:
    if isinstance(given, bool):
        return f"write a text in quotes, not {str(given).lower()}"
    if isinstance(given, int | float):
        return f'write it in quotes: {key} = "{given}"'
    if isinstance(given, list):
        one = f': {key} = "{given[0]}"' if given and isinstance(given[0], str) else ""
        return f"write one text in quotes, not a list{one}"
    return "write a text in quotes, and no table"


def _as_list(key: str, given: object) -> str:
    if not isinstance(given, str):
        return "write a list"
    parts = ", ".join(f'"{part.strip()}"' for part in re.split("[,;]", given) if part.strip())
    return f"write a list in brackets: {key} = [{parts}]"


def _as_name(given: object) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", folded(str(given))).strip("-")
    ask = f'; did you mean "{plain[:49].strip("-")}"?' if plain else ""
    if not given:
        return "it is empty"
    if plain == given:
        return f'"{given}" has more than 49 letters{ask}'
    return f'"{given}" has more than small letters, digits and hyphens{ask}'


def _bound(bounds: Mapping[str, Any]) -> str:
    words = {"ge": "from {:g} on", "gt": "above {:g}", "le": "up to {:g}", "lt": "below {:g}"}
    return " ".join(form.format(bounds[name]) for name, form in words.items() if name in bounds)


def unknown_key(config: type[BaseModel], keys: Keys) -> str:
    """What was probably meant by a key that its table does not have: another key, or another table."""
    name, known = str(keys[-1]), _keys_of(_model(config, keys[:-1]))
    if _SECRET.search(name):
        return "Take it out: " + _secret(keys)
    named = {one.strip("[]").rpartition(".")[2]: one for one in tables_of(config)}
    elsewhere = [table for table, names in _tables(config) if name in names]
    close = meant_key(name, known)
    if len(keys) == 1 and (table := named.get(close or nearest(name, named))):
        return f"Did you mean {table}?"
    if close:
        return f"Did you mean {close}?"
    if elsewhere:
        return f"It belongs under {' or '.join(elsewhere)}."
    return did_you_mean(name, known, f"Known keys there: {', '.join(known)}.")


def meant_key(name: str, known: Sequence[str]) -> str:
    """Of these keys the one that was probably meant; empty where none is near."""
    also = _ALSO_KEYS.get(folded(name), "")
    return also if also in known else nearest(name, known)


_ALSO_KEYS = {
    "email": "delivery", "mail": "delivery", "mailer": "delivery", "sending": "delivery", "cta": "match",
    "offer": "match", "blog": "feeds", "rss": "feeds", "letters": "digests", "editions": "digests",
    "cron": "schedule", "when": "schedule", "time": "schedule", "tz": "timezone", "zone": "timezone",
    "lang": "language", "locale": "language", "from": "from_email", "sender": "from_name", "title": "name",
    "address": "postal_address", "author": "signed_by", "link": "url", "label": "button",
    "user": "username", "server": "host", "tls": "security", "ssl": "security", "interval": "every",
}  # fmt: skip
"""What people and other programs call a key or table of ours."""

_SECRET = re.compile(r"(?i)pass(?:word|wd|phrase)?$|secret|token|^(?:sendgrid_?)?(?:api_?)?key$")


def _secret(keys: Keys) -> str:
    place = "secrets stand in the environment only"
    if "smtp" in keys:
        return f"{place}, this one in RAPPORT_SMTP_PASSWORD."
    if "channels" in keys:
        return f"{place}, a channel's in RAPPORT_CHANNEL_ with its name in capitals."
    return f"{place}: SENDGRID_API_KEY, RAPPORT_SMTP_PASSWORD, RAPPORT_SECRET."


def _tables(config: type[BaseModel]) -> Iterator[tuple[str, list[str]]]:
    for name, field in config.model_fields.items():
        listed = "list" in str(field.annotation)
        model = _inside(field.annotation)
        if model is not None:
            yield f"[[{name}]]" if listed else f"[{name}]", _keys_of(model)
            yield from ((inner.replace("[", f"[{name}.", 1), keys) for inner, keys in _tables(model))


def _model(config: type[BaseModel], keys: Keys) -> type[BaseModel] | None:
    model: type[BaseModel] | None = config
    for key in keys:
        if isinstance(key, str) and model is not None:
            field = model.model_fields.get(key)
            model = _inside(field.annotation) if field else None
    return model


def _inside(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, or holds a list of."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def tables_of(config: type[BaseModel]) -> list[str]:
    """Every table of the configuration, with its brackets."""
    return [table for table, _ in _tables(config)]


def kind_of(config: type[BaseModel], table: Keys, key: str) -> object:
    """What a key wants: int, float, bool, list, or another type; None for a key that is not known."""
    model = _model(config, table)
    field = model.model_fields.get(key) if model is not None else None
    if field is None:
        return None
    kinds = [get_origin(one) or one for one in (field.annotation, *get_args(field.annotation))]
    return next((kind for kind in kinds if kind in (int, float, bool, list)), str)


def _keys_of(model: type[BaseModel] | None) -> list[str]:
    return list(model.model_fields) if model is not None else []
