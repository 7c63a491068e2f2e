"""A parser of style sheets, as far as the rules of a letter need one: CSS Syntax Level 3 without rare
parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_TOKEN = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\([^()"']*\)|\((?:[^()"']|"[^"]*"|'[^']*')*\))"""
    r"""|([{};])|([^{};"'(]+|.)""",
    re.DOTALL,
)
_GROUPS = ("@media", "@supports", "@layer", "@container")


class Declaration(NamedTuple):
    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A selector list with its declarations. ``conditions`` are the @media and @supports around it."""

    selector: str
    declarations: tuple[Declaration, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    rules: tuple[Rule, ...]
    at_rules: tuple[str, ...]
    """The head of every at-rule, "@media (min-width:480px)" for one."""
    nested: bool
    """Whether a rule stands within another."""


# Hundreds of elements of a letter have the same few styles.
@lru_cache(maxsize=1024)
def declarations(text: str) -> tuple[Declaration, ...]:
    """The declarations of a style attribute, or of the inside of a rule."""
    return tuple(found for part in _parts(_COMMENT.sub("", text)) if (found := _declaration(part)))


def _parts(text: str) -> list[str]:
    parts = [""]
    for quoted, mark, other in _TOKEN.findall(text):
        if mark == ";":
            parts.append("")
        else:
            parts[-1] += quoted or mark or other
    return parts


def _declaration(text: str) -> Declaration | None:
    name, colon, value = text.partition(":")
    name, value = name.strip(), " ".join(value.split())
    if not colon or not re.fullmatch(r"-?-?[A-Za-z_][\w-]*", name):
        return None
    plain = re.sub(r"\s*!\s*important$", "", value, flags=re.IGNORECASE)
    return Declaration(name if name.startswith("--") else name.lower(), plain, plain != value)


def parse(text: str, media: str = "") -> Sheet:
    """A style sheet. ``media`` is the attribute of the style element it stands in.

    Never raises: what cannot be read is skipped, as in a browser.
    """
    rules: list[Rule] = []
    at_rules: list[str] = []
    nested = False
    conditions = [f"@media {media}"] if media.strip() else []
    # What each open brace began: a group of rules, a rule with its selector, or a block without one.
    opened: list[tuple[str, str]] = []
    head = ""
    for quoted, mark, other in _TOKEN.findall(_COMMENT.sub(" ", text)):
        within = [kind for kind, _ in opened]
        if not mark or (mark == ";" and "rule" in within):
            head += quoted or other or mark
            continue
        if mark == ";":
            if head.strip().startswith("@"):
                at_rules.append(" ".join(head.split()))
        elif mark == "{":
            before, _, own = head.rpartition(";")
            began = " ".join(own.split())
            if began.startswith("@"):
                at_rules.append(began)
            if "rule" in within:
                nested = True
                rules.append(Rule(opened[-1][1], declarations(before), tuple(conditions)))
            if began.lower().startswith(_GROUPS):
                opened.append(("group", ""))
                conditions.append(began)
            elif began.startswith("@") or "block" in within:
                opened.append(("block", ""))
            else:
                opened.append(("rule", began))
        elif opened:
            kind, selector = opened.pop()
            if kind == "rule":
                rules.append(Rule(selector, declarations(head), tuple(conditions)))
            elif kind == "group":
                conditions.pop()
        head = ""
    return Sheet(tuple(rules), tuple(at_rules), nested)
