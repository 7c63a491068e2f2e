"""The packaged rapport.toml with an operator's own values in it."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from pipeline.core.config import Config
from pipeline.core.environment import CONFIG_FILE
from pipeline.core.example import LINE, TABLE
from pipeline.core.templates import PACKAGED

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMN = 48
"""Where the packaged file's remarks begin."""

Key = tuple[str, str]
"""A table of the file and a key of it: ("newsletter", "name")."""


class Value(NamedTuple):
    """What a key is to have. ``text`` None: the line stays, commented out, with the example's value.

    ``remark`` is ours: a stranger's words stand in values only, which are quoted."""

    text: str | None
    remark: str = ""


def filled(values: Mapping[Key, Value]) -> str:
    """The file with these values, all else as it is packaged."""
    lines, table, left = [], "", dict(values)
    for line in (PACKAGED / CONFIG_FILE).read_text(encoding="utf-8").splitlines():
        if match := TABLE.fullmatch(line):
            table = match[1]
        elif (match := LINE.fullmatch(line)) and (value := left.pop((table, match["key"]), None)):
            line = _line(match, value)  # once: what follows as an example may have a key of the same name
        lines.append(line)
    return "\n".join(lines) + "\n"


def acceptable(values: Mapping[Key, Value]) -> dict[Key, Value]:
    """Those of the values that a configuration takes. A stranger's logo may have an impossible address."""
    kept = dict(values)
    while True:
        try:
            Config.model_validate(tomllib.loads(filled(kept)))
        except ValidationError as error:
            wrong = {tuple(key for key in one["loc"] if isinstance(key, str)) for one in error.errors()}
            refused = [key for key in kept if key in wrong or (key[0],) in wrong]
            if not refused:
                raise
            for key in refused:
                del kept[key]
        else:
            return kept


def _line(match: re.Match[str], value: Value) -> str:
    remark = value.remark or match["remark"] or ""
    if value.text is None:
        setting = f"# {match['key']} = {match['value']}"
    else:
        setting = f"{match['key']} = {quoted(value.text)}"
    return f"{setting:<{COLUMN - 1}} # {remark}" if remark else setting


def quoted(text: str) -> str:
    """A TOML string that holds this text and nothing else, on one line (TOML 1.0, basic strings)."""
    return '"' + re.sub(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ud800-\udfff]', _escaped, text) + '"'


def _escaped(match: re.Match[str]) -> str:
    sign = match[0]
    if sign in '"\\':
        return f"\\{sign}"
    return "\\uFFFD" if 0xD800 <= ord(sign) <= 0xDFFF else f"\\u{ord(sign):04X}"
