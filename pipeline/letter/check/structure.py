"""What a screen reader depends on: language, direction, headings, and tables that are only layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, warning
from pipeline.letter.check.reading import CheckedLetter, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode


def language(letter: CheckedLetter) -> Iterator[Finding]:
    # WCAG 2.2, 3.1.1. Gmail turns <body> into a <div> and drops <html>, so both attributes must stand on a
    # wrapper as well (caniemail: html-body). Of 376,000 letters, 96 in 100 have neither (Email Markup
    # Consortium, 2026).
    root, body = letter.tree.root, letter.tree.body
    for name in ("lang", "dir"):
        lacking = []
        if root is None or not (root.attributes.get(name) or "").strip():
            lacking.append("<html>")
        if body is None or not body.css(f"body > [{name}], body > * > [{name}], body > * > * > [{name}]"):
            lacking.append("the element around the letter")
        if lacking:
            yield warning(
                "language",
                f"The attribute {name} is missing on {' and '.join(lacking)}: a voice may read it wrongly.",
                f'Write {name}="…" on <mjml>; MJML puts it in both places.',
                letter.where(None, "<mjml", otherwise="html"),
            )
    title = letter.tree.css_first("head > title")
    if title is None or not title.text().strip():
        yield warning(
            "language",
            "The letter has no <title>: a voice begins with the file's name.",
            "Put <mj-title> into the template's head.",
            letter.where(None, "<mj-head>"),
        )


def headings(letter: CheckedLetter) -> Iterator[Finding]:
    # WCAG 2.2, 1.3.1 and 2.4.6: screen readers move through a letter by its headings; one h1 comes first.
    seen = [node for node in letter.tree.css("h1, h2, h3, h4, h5, h6") if letter.seen(node)]
    if not seen:
        yield _heading(letter, None, "The letter has no headings.", "Make the posts' titles <h1> and <h2>.")
    for another in [node for node in seen if node.tag == "h1"][1:2]:
        said = f"There is more than one <h1>: “{cut(another.text(), 40)}” is another."
        yield _heading(letter, another, said, "Keep one, and make the others <h2>.")
    level = 0
    for node in seen:
        own = int((node.tag or "h1")[1])
        if own > level + 1:
            said = f"The heading “{cut(node.text(), 40)}” is <h{own}>, and no <h{level + 1}> comes before it."
            yield _heading(letter, node, said, f"Make it <h{level + 1}>.")
            break
        level = own


def _heading(letter: CheckedLetter, node: LexborNode | None, said: str, remedy: str) -> Finding:
    where = letter.where(node, node.text(), f"<{node.tag}") if node else letter.where(None, "<mj-body")
    return warning("headings", said, remedy, where)


def tables(letter: CheckedLetter) -> Iterator[Finding]:
    # HTML-AAM: without the role a screen reader counts the rows and columns of mere layout. 84 in 100 letters
    # lack it (Email Markup Consortium, 2026).
    bare = [
        table
        for table in letter.tree.css("table")
        if (table.attributes.get("role") or "").lower() not in ("presentation", "none", "table", "grid")
        and not table.css("th, caption")
    ]
    if bare:
        many = f", and {len(bare) - 1} more," if len(bare) > 1 else ""
        yield warning(
            "tables",
            f"A table for layout{many} lacks role=presentation: “{cut(bare[0].text(separator=' '), 40)}”.",
            'Write role="presentation" on it; a table of data wants <th>.',
            letter.where(bare[0], "<table", "<mj-table"),
        )
