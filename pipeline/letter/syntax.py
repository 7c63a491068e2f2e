"""What is wrong with a template's syntax: what was opened and never closed is blamed where it was opened."""

from __future__ import annotations

import re
from typing import NamedTuple

from jinja2 import Environment, TemplateSyntaxError
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

OWN_FILTERS = ("wrap", "underline", "fit", "way", "colon")
_OPENING = ("if", "for", "block", "macro", "call", "filter", "set", "with", "autoescape", "raw")
_OTHERS = ("else", "elif", "include", "import", "from", "extends", "do", "break", "continue")


class Fault(NamedTuple):
    """What is wrong, and in which line."""

    said: str
    line: int


def syntax(error: TemplateSyntaxError, source: str) -> Fault:
    """What a syntax error means for whoever wrote the source."""
    said = (error.message or str(error)).rstrip(".")
    line = source.split("\n")[error.lineno - 1] if 0 < error.lineno <= source.count("\n") + 1 else ""
    if "end of comment" in said:
        return Fault("{# is never closed: #} is missing", source[: source.rfind("{#")].count("\n") + 1)
    if end := re.search(r"unknown tag 'end(\w+)'", said):
        return _ends_nothing(end[1], error.lineno, _opened(source, error.lineno))
    ended = "needs to be closed" in said or "end of template" in said.lower()
    if ended and (opened := _opened(source)):
        name, number = opened[-1]
        return Fault(f"{{% {name} %}} is never closed: {{% end{name} %}} is missing", number)
    if hint := _hint(said, line):
        return Fault(f"{said.partition('. ')[0]}; {hint}", error.lineno)
    if (found := _open_sign(source, error.lineno)) and re.match("unexpected|expected", said, re.IGNORECASE):
        sign, number = found
        return Fault(f"{sign} is never closed: {_CLOSING[sign]} is missing", number)
    return Fault(with_nearest(said), error.lineno)


_OTHERWISE = (
    ("\\{[{%][^{}]*[\u201c\u201d\u201e\u2018\u2019]", "write straight quotes"),
    (r"\{%[^{}]*\belse ?if\b", "write elif"),
    (r"\{[{%][^{}]*&&", "write and in place of &&"),
    (r"\{[{%][^{}]*\|\|", "write or in place of ||"),
    (r"\{[{%][^{}]*[=!]==", "write two signs in place of three"),
    (r"\{[{%][^{}]*!(?!=)", "write not in place of !"),
    (r"\{%-? *(?:el)?if [^{}]*[^=!<>]=[^=]", "write == to compare"),
    (r"\{%[^{}%]*\}\}", "what begins with {% ends with %}"),
    (r"\{\{[^{}]*%\}", "what begins with {{ ends with }}"),
)
"""How other languages write it, by what stands in the line, and how Jinja does."""


def _hint(said: str, line: str) -> str:
    if re.match("unexpected char ['\"][\"']", said):
        return "a quote is never closed"
    if re.search("(?:filter|test) named", said):
        return ""
    return next((meant for wrong, meant in _OTHERWISE if re.search(wrong, line)), "")


def _ends_nothing(name: str, line: int, opened: list[tuple[str, int]]) -> Fault:
    if not opened:
        return Fault(f"{{% end{name} %}} closes nothing", line)
    within, number = opened[-1]
    return Fault(
        f"{{% end{name} %}} closes nothing: open there is {{% {within} %}} of line {number}",
        line,
    )


_UNKNOWN = re.compile(r"(?:unknown tag|No filter named|No test named) '([^']+)'")


def with_nearest(said: str) -> str:
    """Jinja's sentence about an unknown filter, test or tag, with the nearest one; others stand."""
    unknown = _UNKNOWN.search(said)
    if not unknown:
        return said
    from pipeline.core.suggest import nearest

    if "filter" in unknown[0]:
        what, known = "filter", [*FILTERS, *OWN_FILTERS]
    elif "test" in unknown[0]:
        what, known = "test", list(TESTS)
    else:
        what, known = "tag", [*_OPENING, *(f"end{name}" for name in _OPENING), *_OTHERS]
    close = nearest(unknown[1], known)
    return f'there is no {what} "{unknown[1]}"' + (f'; did you mean "{close}"?' if close else "")


def _opened(source: str, before: int | None = None) -> list[tuple[str, int]]:
    """The blocks that are open at the end of a template, or before a line, the innermost last; each with its
    line."""
    opened: list[tuple[str, int]] = []
    tokens = [token for token in Environment().lex(source) if token[1] != "whitespace"]  # noqa: S701
    for number, (line, kind, _) in enumerate(tokens):
        if kind != "block_begin" or number + 1 == len(tokens) or (before is not None and line >= before):
            continue
        name = tokens[number + 1][2]
        if name.startswith("end") and opened:
            opened.pop()
        elif name in _OPENING and not (name == "set" and _assigns(tokens[number:])):
            opened.append((name, line))
    return opened


def _assigns(tokens: list[tuple[int, str, str]]) -> bool:
    """Whether a `set` holds its value itself, and needs no end."""
    for _, kind, value in tokens:
        if kind == "operator" and value == "=":
            return True
        if kind == "block_end":
            return False
    return False


_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}


def _open_sign(source: str, line: int) -> tuple[str, int] | None:
    """The last sign before the end of a line that opens something and is not closed in its own line."""
    for number in range(min(line, source.count("\n") + 1), 0, -1):
        written = source.split("\n")[number - 1]
        at = max(written.rfind(sign) for sign in _CLOSING)
        if at >= 0:
            sign = written[at : at + 2]
            return None if _CLOSING[sign] in written[at:] else (sign, number)
    return None
