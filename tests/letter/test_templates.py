"""Templates of the operator's own: copied, explained, looked in first, and their faults named by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.core.errors import LetterError
from pipeline.core.templates import PACKAGED, VARIABLES, copy_letter
from pipeline.core.theme import Palette
from pipeline.letter import render
from pipeline.letter.shown import shown
from tests.letter.samples import INTRO, config, letter, sample_blog, sample_pictures

EXPLAINED = (PACKAGED / "letter" / VARIABLES).read_text()


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_a_copy_makes_the_same_letter(tmp_path: Path, layout: str) -> None:
    copy_letter(tmp_path)
    posts = sample_blog()
    settings, pictures = config(digest={"layout": layout}), sample_pictures(posts)
    assert letter(posts, settings, intro=INTRO, images=pictures, own=tmp_path) == letter(
        posts, settings, intro=INTRO, images=pictures
    )


def test_a_copy_says_at_its_top_what_it_may_use(tmp_path: Path) -> None:
    copied, kept = copy_letter(tmp_path)
    assert kept == []
    assert {"letter/digest.mjml", "letter/plain.txt", "letter/preheader.txt"} <= set(copied)
    assert {Path(name).suffix for name in copied} == {".mjml", ".txt", ".toml"}
    assert f"letter/{VARIABLES}" not in copied
    tables = {name for name in copied if name.startswith("letter/sensitive-words") or name.endswith(".toml")}
    assert len(tables) == 5
    for name in tables:
        assert (tmp_path / name).read_text() == (PACKAGED / name).read_text()
    for name in set(copied) - tables:
        assert (tmp_path / name).read_text().startswith("{#-\nThis is your copy")


def test_copying_again_overwrites_nothing(tmp_path: Path) -> None:
    copied, _ = copy_letter(tmp_path)
    (tmp_path / "letter" / "parts.mjml").write_text("mine")
    (tmp_path / "letter" / "plain.txt").unlink()
    assert copy_letter(tmp_path) == (
        ["letter/plain.txt"],
        [name for name in copied if name != "letter/plain.txt"],
    )
    assert (tmp_path / "letter" / "parts.mjml").read_text() == "mine"


def test_every_name_that_templates_know_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    posts, seen = sample_blog(), []
    original = render.render

    def watched(made: object, name: str, context: dict[str, object]) -> str:
        seen.extend(context)
        return original(made, name, context)  # type: ignore[arg-type]

    monkeypatch.setattr(render, "render", watched)
    letter(posts)
    for name in set(seen):
        assert re.search(rf"(?m)^  {name}\b|\b{name} (?:is|are) the", EXPLAINED), name
    for name in shown(posts[0], config(), {}, lead=True):
        assert f".{name}" in EXPLAINED, name
    for name in Palette.__dataclass_fields__:
        assert f".{name}" in EXPLAINED, name


def test_the_operators_template_is_looked_in_first_and_ours_fills_the_rest(tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    for name in ("digest.txt", "parts.mjml"):
        layout = (PACKAGED / "letter" / name).read_text().replace('say("read_on")', '"Weiterlesen"')
        (tmp_path / "letter" / name).write_text(layout)
    made = letter(sample_blog(), own=tmp_path)
    assert "Weiterlesen" in made.html
    assert "Weiterlesen:\nhttps://" in made.text
    assert "Read on" not in made.html + made.text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{% if %}", "letter/digest.mjml:2: "),
        ("{{ lead.tilte }}", "letter/digest.mjml:2: "),
        ("{{ nothing }}", 'letter/digest.mjml:2: there is no "nothing" here; there are newsletter, theme,'),
        ("<mj-txt>Hello</mj-txt>", "letter/digest.mjml:2: <mj-txt> is no MJML element"),
        ("<mj-head><mj-title>a</mj-titel></mj-head>", "letter/digest.mjml:2: <mj-titel> is no MJML element"),
        (
            "<mj-head><mj-title>a</mj-head>",
            "letter/digest.mjml:2: <mj-title> is never closed: </mj-head> comes first.",
        ),
        ("<mj-head><mj-title>a", "letter/digest.mjml:2: <mj-title> is never closed: <mj-body> comes first."),
        # Of these mrml would end the process, and a search would take hours.
        ("<mj-raw>" + "<div>" * 20_000 + "</div>" * 20_000 + "</mj-raw>", "<div> stands within 100 others"),
        ("{{ '<a ' * 300_000 }}", "letter/digest.mjml"),
        ("{{ '<!--' * 300_000 }}", "letter/digest.mjml"),
        ("<mj-head></mj-body></mj-head>", "letter/digest.mjml:2: </mj-body> closes nothing"),
        (
            '<mj-head><mj-title a="></mj-title></mj-head>',
            'letter/digest.mjml:2: <mj-title a="></mj-title></mj-head> has no end',
        ),
        ("<mj-head><mj-title></mj-title</mj-head>", "letter/digest.mjml:2: </mj-title</mj-head> has no end"),
        ("{{ newsletter.nmae }}", 'letter/digest.mjml:2: newsletter has no "nmae"; did you mean "name"?'),
        ("{{ posts[0].tilte }}", 'letter/digest.mjml:2: posts[0] has no "tilte"; did you mean "title"?'),
        ('{{ edition["slgu"] }}', 'letter/digest.mjml:2: edition has no "slgu"; did you mean "slug"?'),
        ("{{ theme.light.papr }}", 'letter/digest.mjml:2: theme.light has no "papr"; did you mean "paper"?'),
        ("{% if cta.buton %}{% endif %}", 'cta has no "buton"; did you mean "button"?'),
        ("{{ newsletter.name.uper() }}", 'newsletter.name has no "uper"; did you mean "upper"?'),
        ("{% for post in posts %}{{ post.tilte }}{% endfor %}", 'post has no "tilte"; did you mean "title"?'),
        ("{{ newsleter.name }}", 'there is no "newsleter" here; did you mean "newsletter"?'),
        ("{{ posts[99].title }}", "letter/digest.mjml:2: posts has no item 99; it has "),
        ("{{ lead.title | uper }}", 'letter/digest.mjml:2: there is no filter "uper"; did you mean "upper"?'),
        ("{% if lead is defned %}{% endif %}", 'there is no test "defned"; did you mean "defined"?'),
        (
            "{% for post in posts %}",
            "letter/digest.mjml:2: {% for %} is never closed: {% endfor %} is missing.",
        ),
        (
            "{% if lead %}{% for post in posts %}{% endfor %}",
            "letter/digest.mjml:2: {% if %} is never closed",
        ),
        ("{% inclde 'a' %}", 'letter/digest.mjml:2: there is no tag "inclde"; did you mean "include"?'),
        ("{{ lead.title", "letter/digest.mjml:2: {{ is never closed: }} is missing."),
        ("{% if lead", "letter/digest.mjml:2: {% is never closed: %} is missing."),
        ('{% include "letter/part.mjml" %}', "Did you mean letter/parts.mjml?"),
        ("<p>{{ 1 / 0 }}</p>", "letter/digest.mjml:2: division by zero"),
        ('{% import "letter/words.txt" as words %}', "There is no template letter/words.txt any more."),
        ('{% include "letter/gone.mjml" %}', "There is no template letter/gone.mjml"),
        ("{% endif %}", "letter/digest.mjml:2: {% endif %} closes nothing."),
        (
            "{% for p in posts %}\n{% endif %}",
            "mjml:3: {% endif %} closes nothing: open there is {% for %} of line 2",
        ),
        ("{# a remark", "letter/digest.mjml:2: {# is never closed: #} is missing."),
        ("{% if lead %}a{% else if posts %}b{% endif %}", "write elif."),
        ("{% if lead.title = 'a' %}{% endif %}", "write == to compare."),
        ("{% if lead && posts %}{% endif %}", "write and in place of &&."),
        ("{% if !lead %}{% endif %}", "write not in place of !"),
        ("{% if lead }}{% endif %}", "what begins with {% ends with %}."),
        ("{{ say(\u201cread_on\u201d) }}", "write straight quotes."),
        ('{{ say("read_on) }}', "a quote is never closed."),
        (
            '{{ say("raed_on") }}',
            'There is no phrase "raed_on" below [letter] of words/*.toml; did you mean "read_on"?',
        ),
        (
            '{% from "letter/parts.mjml" import byline %}{{ byline(lead) }}',
            "end its `import` with `with context`.",
        ),
        ('{% include "letter/digest.mjml" %}', "a template or macro calls itself without end."),
        ("<mj-body><MJ-TEXT>a</MJ-TEXT></mj-body>", "<MJ-TEXT> is no MJML element. Did you mean <mj-text>?"),
        (
            "<mj-body><mj-section><mj-text>a</mj-text></mj-section></mj-body>",
            "<mj-text> may not stand directly in <mj-section>. It stands in <mj-column> or <mj-hero>.",
        ),
        (
            "<mj-body><div>a</div></mj-body>",
            "<div> may not stand directly in <mj-body>. HTML stands in <mj-text>",
        ),
        ("<mj-body>Hello</mj-body>", 'letter/digest.mjml:2: the words "Hello" stand directly in <mj-body>.'),
        (
            "<mj-head><mj-title>a<mj-text>b</mj-text></mj-title></mj-head>",
            "<mj-title> is never closed: <mj-text> comes first. Write </mj-title> before <mj-text>.",
        ),
        ("</mjml><mj-body></mj-body><mjml>", "<mj-body> stands outside of <mjml>."),
        ("<mj-head><!-- a </mj-head>", "<!-- a </mj-head> is never closed. Write --> at the end"),
        ("<mj-head><!-- a -- b --></mj-head>", "<!-- a -- b --> is no whole remark."),
        ("<mj-body width=600></mj-body>", 'no straight quotes around it. Write width="600".'),
        (
            "<mj-head><mj-title>a < b</mj-title></mj-head>",
            "letter/digest.mjml:2: a < begins no tag, near < b",
        ),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "digest.mjml").write_text(f"<mjml>\n{line}\n<mj-body></mj-body></mjml>")
    with pytest.raises(LetterError) as raised:
        letter(sample_blog(), own=tmp_path)
    assert says in f"{raised.value.message} {raised.value.remedy}"
    assert "object" not in raised.value.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<mjml>\n\u00fc</mjml>".encode("cp1252"), "digest.mjml:2: line 2 is not UTF-8 text."),
        ("<mjml></mjml>".encode("utf-16"), "it is UTF-16 and not UTF-8 text."),
        (b"Hello", "there is no <mjml>."),
        (b"<!DOCTYPE html><mjml></mjml>", "<!DOCTYPE html> is no part of MJML."),
    ],
)
def test_a_file_that_is_no_mjml_says_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "digest.mjml").write_bytes(content)
    with pytest.raises(LetterError) as raised:
        letter(sample_blog(), own=tmp_path)
    assert says in raised.value.message


def test_a_template_of_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    column = "<mj-column><mj-text>Hello</mj-text></mj-column>"
    source = f"<mjml><mj-body><mj-section>{column}</mj-section></mj-body></mjml>"
    (tmp_path / "letter" / "digest.mjml").write_bytes(source.encode("utf-8-sig"))
    assert "Hello" in letter(sample_blog(), own=tmp_path).html


def test_what_mjml_cannot_read_is_found_again_in_the_template(tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    source = "<mjml><mj-body>\n<mj-section>\n<mj-hero-ish /></mj-section></mj-body></mjml>"
    (tmp_path / "letter" / "digest.mjml").write_text(source)
    with pytest.raises(LetterError, match=r"digest\.mjml:3: <mj-hero-ish> is no MJML element"):
        letter(sample_blog(), own=tmp_path)


SEVERAL = """<mjml><mj-body>
{% for post in posts %}
<mj-section><mj-column>
<mj-text>{{ post.title }}</mj-text>
</mj-column></mj-section>
{% endfor %}
<mj-section>
<mj-column>
{% include "letter/foot.mjml" %}
</mj-section>
<mj-section><mj-column>
<mj-text>The end</mj-text>
</mj-column></mj-section>
</mj-body></mjml>"""
"""The column of line 8 is never closed; others look just like it."""


@pytest.mark.parametrize(
    ("foot", "says"),
    [
        (
            "<mj-text>Hello</mj-text>",
            "letter/digest.mjml:8: <mj-column> is never closed: </mj-section> comes",
        ),
        (
            "<mj-text>\n<b>Hello</mj-text>\n</mj-column>",
            "letter/foot.mjml:2: <b> is never closed: </mj-text> comes",
        ),
        ("\n<mj-text\n  color='red'>Hello\n</mj-column>", "letter/foot.mjml:2: <mj-text is never closed"),
        (
            "<mj-text>{{ lead.title }}</mj-text></mj-column>\n</mj-column>",
            "letter/foot.mjml:2: </mj-column> closes",
        ),
        (
            "<mj-text>a</mj-text>\n<mj-buton>b</mj-buton></mj-column>",
            "letter/foot.mjml:2: <mj-buton> is no MJML",
        ),
    ],
)
def test_what_is_not_closed_is_blamed_where_it_was_opened(tmp_path: Path, foot: str, says: str) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "digest.mjml").write_text(SEVERAL)
    (tmp_path / "letter" / "foot.mjml").write_text(foot)
    with pytest.raises(LetterError) as raised:
        letter(sample_blog(), own=tmp_path)
    assert f"{tmp_path}/{says}" in raised.value.message


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ("{{ newsletter.nmae }}", 'newsletter has no "nmae"; did you mean "name"?'),
        ("{{ posts[0].titel }}", 'posts[0] has no "titel"; did you mean "title"?'),
        ("{{ post.title }}", 'there is no "post" here; did you mean "posts"?'),
        ("{{ posts[0].title", "{{ is never closed: }} is missing."),
        ("{% if posts %}News", "{% if %} is never closed: {% endif %} is missing."),
        ("{{ posts[0].title | uper }}", 'there is no filter "uper"; did you mean "upper"?'),
    ],
)
def test_a_fault_of_the_subject_names_its_key(subject: str, says: str) -> None:
    with pytest.raises(LetterError) as raised:
        letter(sample_blog(), config(digest={"subject": subject}))
    assert raised.value.message.startswith("rapport.toml: digests[1].subject: ")
    assert says in raised.value.message
