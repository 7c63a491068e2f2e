"""How the line in an inbox will look: sender, subject and preheader, cut where mail programs cut them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """About how many characters of each a mail program shows, in its usual font size."""

    name: str
    kind: str
    """``phone``: each on its own line; ``wide``: all on one line."""
    sender: int
    subject: int
    preheader: int


LOCKED = Program("A locked phone", "phone", 26, 38, 76)

# Nobody publishes these numbers. They were counted with each program's default settings. Characters differ in
# width and people in their settings, so the page calls the numbers approximate.
PROGRAMS = (
    Program("Gmail on Android, upright", "phone", 24, 33, 40),
    Program("Mail on iPhone, upright", "phone", 26, 41, 76),
    LOCKED,
    Program("Gmail on a computer", "wide", 20, 70, 50),
)


@dataclass(frozen=True, slots=True)
class Line:
    program: Program
    sender: str
    subject: str
    preheader: str
    lost: str
    """The end of the subject that is cut off; empty when all of it shows."""


def lines(sender: str, subject: str, preheader: str) -> list[Line]:
    """The edition's line in each program."""
    return [_line(program, sender, subject, preheader) for program in PROGRAMS]


def locked(sender: str, subject: str, preheader: str) -> Line:
    """The same on a locked phone, where anybody near may read it."""
    return _line(LOCKED, sender, subject, preheader)


def _line(program: Program, sender: str, subject: str, preheader: str) -> Line:
    shown = cut(subject, program.subject)
    return Line(
        program,
        cut(sender, program.sender),
        shown,
        cut(preheader, program.preheader),
        subject[len(shown) - 1 :].strip() if shown != subject else "",
    )


def cut(text: str, most: int) -> str:
    """At most so many characters, an ellipsis for the rest; never half an emoji or a bare accent."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 0 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end] + "…"


def _joins(character: str) -> bool:
    # Accents, variation selectors, joiners and skin tones belong to the character before them.
    return unicodedata.category(character) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= character <= "\U0001f3ff"
