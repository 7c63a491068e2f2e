"""Whatever a letter holds, check says something and never falls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.letter.check.css import declarations, parse
from pipeline.letter.check.css_colour import background_colour, colour
from pipeline.letter.check.matching import Scheme, applies

if TYPE_CHECKING:
    from tests.letter.check.conftest import Sample

PIECES = st.sampled_from(
    [
        "<p>", "</p>", "<a href='", "'>", "<img src=", "<table>", "<tr><td bgcolor=#", "<style>", "</style>",
        "<style media='(", "@media (prefers-color-scheme: dark) {", "}", "{", "p:nth-child(2", "color:",
        "rgb(", "background:url(", ")", ";", "!important", "<!--[if mso]>", "<![endif]-->", "<h1>", "<h6>",
        "<svg>", "<template>", "<frameset>", "%%rapport-unsubscribe-html%%", "%%rapport-", "{{ x }}",
        "http://[", "https://", "//", "mailto:", "\x00", "&#0;", "&nbsp;", "é", "—", "\u202e", "\u200b", "😀",
        "font-size:1e999px", "<body>", "</html>", "data:", "javascript:", " style='", "'", '"', "\\", "<a",
        "--x:", "var(--x)",
    ]
)  # fmt: skip
LETTERS = st.lists(PIECES | st.text(max_size=20), max_size=40).map("".join)


@settings(
    max_examples=150,
)
@given(html=LETTERS, text=st.text(max_size=200), subject=st.text(max_size=90), preheader=st.text(max_size=90))
def test_no_letter_makes_check_fall(
    sample: Sample, html: str, text: str, subject: str, preheader: str
) -> None:
    findings = sample.findings(html=html, text=text, subject=subject, preheader=preheader)
    assert all(found.message and found.remedy and found.where for found in findings)
    if "unsubscribe" not in html:
        assert "unsubscribe" in {found.name for found in findings}


@given(st.lists(PIECES | st.text(max_size=20), max_size=40).map("".join))
def test_no_style_sheet_makes_it_fall(css: str) -> None:
    for rule in parse(css, "screen").rules:
        assert rule.conditions[0] == "@media screen"
        assert all(isinstance(applies(condition, Scheme.DARK), bool) for condition in rule.conditions)


@given(st.text(max_size=40) | st.from_regex(r"\A(rgb|hsl)a?\([^()]{0,30}\)\Z"))
def test_no_colour_makes_it_fall(written: str) -> None:
    for found in (colour(written), background_colour(written)):
        if found is not None:
            assert len(found.over("#123456")) == 7
            assert 0 <= found.alpha <= 1


@pytest.mark.parametrize(
    ("css", "found"),
    [
        ("a{color:red}", [("a", "red", ())]),
        ("a{color:red;}b{color:blue", []),
        ("/* { */ a { color : red ! important } /* } */", [("a", "red", ())]),
        ("@media (max-width:1px){a{color:red}} b{color:blue}",
         [("a", "red", ("@media (max-width:1px)",)), ("b", "blue", ())]),
        ('@font-face{src:url(";}")} a{color:red}', [("a", "red", ())]),
        ("@import 'x'; a,b{color:red}", [("a,b", "red", ())]),
        ("@keyframes x{from{color:blue}} a{color:red}", [("a", "red", ())]),
    ],
)  # fmt: skip
def test_a_style_sheet_is_read_as_browsers_read_it(css: str, found: list[object]) -> None:
    read = [(r.selector, d.value, r.conditions) for r in parse(css).rules for d in r.declarations]
    assert read[: len(found)] == found


def test_a_semicolon_in_an_address_parts_no_declarations() -> None:
    (one, two) = declarations("background:url(data:image/png;base64,AA==); color: RED !important")
    assert one.value == "url(data:image/png;base64,AA==)"
    assert (two.name, two.value, two.important) == ("color", "RED", True)


@pytest.mark.parametrize(
    ("written", "hex_and_alpha"),
    [
        ("#abc", ("#aabbcc", 1)), ("#11223300", ("#112233", 0)), ("SlateGrey", ("#708090", 1)),
        ("rgb(255 0 0 / 50%)", ("#ff0000", 0.5)), ("rgba(300,0,-4,2)", ("#ff0000", 1)),
        ("hsl(120, 100%, 25%)", ("#008000", 1)), ("hsl(0deg 0% 50%)", ("#808080", 1)),
        ("transparent", ("#000000", 0)), ("currentcolor", None), ("rgb(1,2)", None), ("rgb(nan,0,0)", None),
    ],
)  # fmt: skip
def test_colours_are_read_as_css_writes_them(written: str, hex_and_alpha: tuple[str, float] | None) -> None:
    assert colour(written) == hex_and_alpha


def test_checking_six_posts_takes_well_under_a_fifth_of_a_second(sample: Sample) -> None:
    sample.findings()
    began = time.process_time()
    for _ in range(5):
        sample.findings()
    assert (time.process_time() - began) / 5 < 0.2
