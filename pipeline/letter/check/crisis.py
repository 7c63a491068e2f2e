"""Help in a crisis: its numbers are confirmed, and it stands before the offer in both parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, warning
from pipeline.letter.check.place import squeezed
from pipeline.letter.crisis.confirmation import unconfirmed
from pipeline.letter.crisis.sentences import crisis_help

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.letter.check.reading import CheckedLetter


def confirmed(letter: CheckedLetter) -> Iterator[Finding]:
    # Numbers change. Whoever calls one that is dead may not call another.
    if (finding := unconfirmed(letter.config, letter.templates)) is not None:
        yield finding


def before_offer(letter: CheckedLetter) -> Iterator[Finding]:
    # An operator's own template may lack it; and nobody in danger should be led to a contact form first.
    help_ = crisis_help(letter.config.newsletter, letter.templates)
    if help_ is None:
        return
    for part, before, template in (
        ("HTML", _html_before_offer(letter), letter.layout.markup),
        ("text part", _text_before_offer(letter), letter.layout.text),
    ):
        if squeezed(help_.text) not in squeezed(before):
            yield warning(
                "crisis",
                f"The {part} has no help in a crisis before its offer.",
                "Put crisis before the template's first offer, as ours has it; or compose the draft anew.",
                f"template: {template}",
            )


def _html_before_offer(letter: CheckedLetter) -> str:
    said: list[str] = []
    links = _in_intro(letter)
    for node in letter.tree.body.traverse(include_text=True) if letter.tree.body else ():
        if node.tag == "-text":
            said.append(node.text_content or "")
        elif node.tag == "a" and (node.attributes.get("href") or "") in letter.offers:
            links -= 1
            if links < 0:
                break
    return "".join(said)


def _text_before_offer(letter: CheckedLetter) -> str:
    places = sorted(
        {found.start() for address in letter.offers for found in re.finditer(re.escape(address), letter.text)}
    )[_in_intro(letter) :]
    return letter.text[: places[0]] if places else letter.text


def _in_intro(letter: CheckedLetter) -> int:
    """How often staff's own lines link to where an offer leads. They stand first, and are no offer."""
    return sum(letter.edition.intro.count(address) for address in letter.offers)
