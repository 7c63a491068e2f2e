"""Help in a crisis: its numbers are confirmed, and it stands before the offer in both parts."""

from __future__ import annotations

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
    for node in letter.tree.body.traverse(include_text=True) if letter.tree.body else ():
        if node.tag == "-text":
            said.append(node.text_content or "")
        elif node.tag == "a" and (node.attributes.get("href") or "") in letter.offers:
            break
    return "".join(said)


def _text_before_offer(letter: CheckedLetter) -> str:
    found = [letter.text.find(address) for address in letter.offers if address in letter.text]
    return letter.text[: min(found)] if found else letter.text
