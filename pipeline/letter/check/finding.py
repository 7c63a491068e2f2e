"""What a rule found: how bad, what, what to do about it, and where."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipeline.core.errors import LetterError


@dataclass(frozen=True, slots=True)
class Finding:
    """``where`` names a template and line, a post, a configuration key, or a part of the letter."""

    level: Literal["error", "warning"]
    rule: str
    message: str
    remedy: str
    where: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


def error(rule: str, message: str, remedy: str, where: str) -> Finding:
    """What keeps an edition from going out."""
    return Finding("error", rule, message, remedy, where)


def broken_template(fault: LetterError) -> Finding:
    """A template that makes no letter. Its error begins with the file, and the line where there is one."""
    place = re.match(r"(\S.*?\.(?:mjml|txt)(?::\d+)?): ", fault.message)
    where = f"template: {place[1]}" if place else "template"
    return Finding("error", "template", fault.message, fault.remedy, where)


def warning(rule: str, message: str, remedy: str, where: str) -> Finding:
    """What staff are told of; the edition goes."""
    return Finding("warning", rule, message, remedy, where)
