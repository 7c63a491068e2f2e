"""A finding names the place that a person can mend: template and line, post, configuration key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import LetterError
from pipeline.core.finding import Finding
from pipeline.core.templates import PACKAGED
from pipeline.letter.check import broken_template
from tests.letter.check.faults import picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.letter.check.conftest import Kitchen, Sample

    Own = Callable[[str, str], Sample]

SECTION = "    <mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>"
BODY_END = (PACKAGED / "letter" / "digest.mjml").read_text(encoding="utf-8").count("\n") - 1
"""The line of </mj-body>, where a changed template says more."""

IN_THE_TEMPLATE = {
    "link": '<a href="http://example.org/mugs">A post on mugs</a>',
    "link-text": '<a href="http://127.0.0.1/mugs">click here</a>',
    "contrast": '<span style="color:#c8c8c8;">Faint words that nobody reads</span>',
    "client": '<span style="position: fixed">Some words</span>',
    "alt": '<img src="http://127.0.0.1/mug.png">',
    "placeholder": "Hello {{ '{{ name }}' }}",
    "script": '<script>"x"</script>',
    "image-format": '<img src="http://127.0.0.1/mug.webp" alt="A mug">',
}


@pytest.mark.parametrize("rule", IN_THE_TEMPLATE)
def test_a_fault_of_the_template_is_named_by_file_and_line(rule: str, own_templates: Own) -> None:
    fragment = IN_THE_TEMPLATE[rule]
    findings = own_templates("letter/digest.mjml", SECTION.format(fragment)).findings()
    places = {finding.where for finding in findings if finding.name == rule}
    assert places == {f"template: letter/digest.mjml:{BODY_END}"}, findings


def test_a_fault_in_a_posts_part_is_named_by_the_post(sample: Sample) -> None:
    second = sample.edition["posts"][1]
    images = re.findall(r"<img[^>]*>", sample.edition["html"])
    spoilt = re.sub(r' alt="[^"]*"', "", images[1])
    (finding,) = (
        f for f in sample.findings(html=sample.edition["html"].replace(images[1], spoilt)) if f.name == "alt"
    )
    assert finding.where == f"post: {second['title']}"


def test_a_fault_in_the_footer_is_no_posts(sample: Sample) -> None:
    html = sample.edition["html"].replace("</body>", '<img src="https://example.org/x.png"></body>')
    (finding,) = sample.findings(html=html)
    assert finding.where == "html"


def test_a_subject_that_is_a_posts_title_names_the_post(sample: Sample) -> None:
    title = "Living with panic attacks"
    posts = [sample.edition["posts"][0] | {"title": title}]
    findings = sample.findings(subject=title, posts=posts, text=f"{sample.edition['text']}\n{title}")
    assert [(f.name, f.where) for f in findings] == [("sensitive", f"post: {title}")]


def test_a_picture_names_its_post_by_id_or_by_where_it_is_shown(sample: Sample) -> None:
    posts = [post | {"id": 10 + n} for n, post in enumerate(sample.edition["posts"])]
    (heavy,) = sample.findings(posts=posts, **picture(post=12, weight=900_000)(sample.edition))
    assert heavy.where == f"post: {posts[2]['title']}"
    shown = re.findall(r'<img[^>]* src="([^"]*)"', sample.edition["html"])[0]
    (heavy,) = sample.findings(**picture(src=shown, weight=900_000)(sample.edition))
    assert heavy.where == f"post: {posts[0]['title']}"


def test_a_fault_of_the_intro_names_the_intro(sample: Sample) -> None:
    intro = "Do read [this](https://example.org/mugs)."
    html = sample.edition["html"].replace("</body>", '<a href="https://example.org/mugs">this</a></body>')
    findings = sample.findings(
        intro=intro, html=html, text=f"{sample.edition['text']} https://example.org/mugs"
    )
    assert [(f.name, f.where) for f in findings] == [("link-text", "intro")]


def test_a_colour_of_the_theme_names_its_key(kitchen: Kitchen) -> None:
    letter = kitchen.letter(theme='colour = "#e8e8e8"')
    html = letter.edition["html"].replace(
        "</body>", '<p style="color:#e8e8e8;background:#fff">Some words</p></body>'
    )
    assert {f.where for f in letter.findings(html=html) if f.name == "contrast"} == {
        "configuration: theme.colour"
    }


def test_what_stands_in_a_template_it_takes_in_is_found_there(own_templates: Own, tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "mugs.mjml").write_text('\n<a href="http://example.org/mugs">A post on mugs</a>')
    include = SECTION.format('{% include "letter/mugs.mjml" %}')
    findings = own_templates("letter/digest.mjml", include).findings()
    assert {f.where for f in findings if f.name == "link"} == {"template: letter/mugs.mjml:2"}


def test_a_remark_in_a_template_is_no_place(own_templates: Own) -> None:
    remark = "{# https://example.org/remarked #}"
    letter = own_templates("letter/digest.mjml", remark)
    html = letter.edition["html"].replace("</body>", '<a href="https://example.org/remarked"></a></body>')
    (finding,) = [f for f in letter.findings(html=html) if f.name == "link-text"]
    assert finding.where == "html"


def test_a_broken_template_is_a_finding_with_its_file_and_line() -> None:
    fault = LetterError("/srv/templates/letter/digest.mjml:41: 'post' is undefined.", "Mend it.")
    assert broken_template(fault) == Finding(
        level="error",
        name="template",
        message="/srv/templates/letter/digest.mjml:41: 'post' is undefined.",
        remedy="Mend it.",
        where="template: /srv/templates/letter/digest.mjml:41",
    )
    assert broken_template(LetterError("digests (weekly): subject: no filter.")).where == "template"
