"""Findings about a letter: an error keeps it from going out, of a warning staff are told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding

if TYPE_CHECKING:
    from pipeline.core.errors import LetterError


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
