"""Formulas as a line of text: what MathML shows, read from left to right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.feeds.cleaning.superscript import power
from pipeline.feeds.cleaning.text import visible

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

DEEPEST = 40
"""Elements inside one another; what stands deeper is read without its places above and below."""
_SPACED_LISTED = """
    = ≠ < > ≤ ≥ ≈ ≡ ∼ ∝ + − ± × ÷ · ⋅ → ⇒ ⇔ ∈ ⊂ ∪ ∩ ∧ ∨
"""
_SPACED = frozenset(_SPACED_LISTED.split())
_BELOW = dict(zip("0123456789+−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True))


_MARKED = re.compile(r"\$latex\s([^$]{1,300})\$|\\\((.{1,300}?)\\\)|\\\[(.{1,300}?)\\\]")


def without_marks(text: str) -> str:
    """TeX that a script of the blog's would have drawn, without the signs that begin and end it."""
    if "$latex" not in text and "\\" not in text:
        return text
    return _MARKED.sub(lambda found: (found[1] or found[2] or found[3]).strip(), text)


def readable(formula: LexborNode) -> str:
    """The formula in a <math> element; what it holds as TeX when it shows nothing."""
    shown = " ".join(_read(formula, 0).split())
    if shown:
        return shown
    tex = formula.css_first("annotation")
    return " ".join(visible(tex.text()).split()) if tex is not None else ""


def _read(node: LexborNode, depth: int) -> str:
    if node.is_text_node:
        return visible(node.text_content or "")
    tag = node.tag or ""
    if tag.startswith("annotation"):
        return ""
    if depth > DEEPEST:
        return visible(node.text())
    children = [child for child in node.iter(include_text=tag in _TOKENS) if child.tag != "-comment"]
    parts = [_read(child, depth + 1) for child in children]
    if tag == "mo" or (tag == "mrow" and len(parts) == 1):
        return _operator("".join(parts))
    placed = _placed(tag, [part.strip() for part in parts])
    return "".join(parts) if placed is None else placed


_TOKENS = frozenset(("mi", "mn", "mo", "mtext", "ms", "math"))


def _operator(written: str) -> str:
    bare = written.strip()
    return f" {'−' if bare == '-' else bare} " if bare in _SPACED or bare == "-" else written


def _placed(tag: str, parts: list[str]) -> str | None:
    """Parts that stand above, below or beside one another; None where they follow each other."""
    match tag, parts:
        case (("msup" | "mover"), [base, above]):
            return base + power(above)
        case (("msub" | "munder"), [base, below]):
            return base + _below(below)
        case (("msubsup" | "munderover"), [base, below, above]):
            return base + _below(below) + power(above)
        case "mfrac", [above, below]:
            return f"{_grouped(above)}/{_grouped(below)}"
        case "msqrt", _:
            return f"√{_grouped(''.join(parts))}"
        case "mroot", [base, degree]:
            return f"{power(degree)}√{_grouped(base)}"
        case "mtr", _:
            return ", ".join(parts) + "; "
    return None


def _below(text: str) -> str:
    if text and all(character in _BELOW for character in text):
        return "".join(_BELOW[character] for character in text)
    return f"_{text}" if len(text) == 1 else f"_({text})"


def _grouped(text: str) -> str:
    return text if text.isalnum() else f"({text})"
