"""The colours that the contrast rule judges are those that Chromium shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest

from pipeline.letter.check.cascade import texts
from pipeline.letter.check.matching import Scheme
from pipeline.letter.check.reading import CheckedLetter
from tests.browser import needs_chromium, show, window

if TYPE_CHECKING:
    from tests.letter.check.conftest import Kitchen, Sample

    Seen = tuple[str, str | None, str | None, float, bool]
    """Words, their colour, what is behind them, their size, and whether they are bold."""

pytestmark = needs_chromium

SHOWN = r"""() => {
    const style = element => getComputedStyle(element);
    const ground = element => !element ? 'rgb(255, 255, 255)'
        : style(element).backgroundColor === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement)
        : style(element).backgroundColor;
    return [...document.body.querySelectorAll('*')].flatMap(element => {
        const words = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join(' ');
        const seen = element.checkVisibility({opacityProperty: true, visibilityProperty: true});
        if (!seen || !/[\p{L}\p{N}]/u.test(words)) return [];
        const {color, fontSize, fontWeight} = style(element);
        return [[words.trim().split(/\s+/).join(' '), color, ground(element), fontSize, +fontWeight >= 700]];
    });
}"""


def in_chromium(html: str, scheme: Literal["light", "dark"]) -> list[Seen]:
    with window(600, 900) as page:
        page.emulate_media(color_scheme=scheme)
        show(page, html, images=False)
        found = page.evaluate(SHOWN)
    return [
        (words, _hex(own), _hex(ground), round(float(size[:-2]), 2), bold)
        for words, own, ground, size, bold in found
    ]


def _hex(rgb: str) -> str:
    channels = re.findall(r"[\d.]+", rgb)
    return "#" + "".join(f"{int(channel):02x}" for channel in channels[:3])


def as_judged(sample: Sample, html: str, scheme: Scheme) -> list[Seen]:
    letter = CheckedLetter(sample.config, sample.templates, sample.row(html=html))
    styles = letter.styles(scheme)
    assert letter.tree.body is not None
    found = []
    for node in letter.tree.body.traverse():
        shown = styles.get(node.mem_id)
        if shown is not None and not shown.hidden and (words := " ".join(texts(node))):
            found.append((words, shown.colour, shown.background, round(shown.size, 2), shown.bold))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_styles_are_those_of_chromium(
    layout: str, scheme: Literal["light", "dark"], kitchen: Kitchen
) -> None:
    letter = kitchen.letter(digest=f'layout = "{layout}"')
    judged = as_judged(letter, letter.edition["html"], Scheme(scheme))
    assert judged == in_chromium(letter.edition["html"], scheme)


RULES = """
.a b { color: red } b { color: blue !important } #n b { color: green }
.c > i { color: #123 } .c i { color: #456; font-size: 2em }
@media (min-width: 5000px) { i { color: #999 } }
@media print { i { color: #888 } }
@media only screen and (max-width: 700px), print { u { color: #777 } }
.d { background: url(x.png) } .e { background: #fed url("x.png") no-repeat } .f { font: bold 20px/1.2 serif }
a:hover { color: #abcdef } .g :is(b) { color: #fff } s { color: hsl(120 50% 25%) }
"""
BODY = """
<p class="a">One <b>two</b></p><p id="n" style="color:#010203">Three <b>four</b></p>
<div class="c">Five <i>six <i>seven</i></i></div><u>Eight</u>
<p class="e" style="color:navy">Nine</p><p class="f">Ten <small>eleven</small></p>
<table bgcolor="#eee"><tr><td style="color:inherit">Twelve</td><th bgcolor="ddd">Thirteen</th></tr></table>
<h1 style="font-weight:normal">Fourteen</h1><h3>Fifteen</h3><a href="https://example.org/">Sixteen</a>
<font color="#404040">Seventeen</font><s>Eighteen</s><p hidden>Nineteen</p><p style="display:none">Twenty</p>
<p style="visibility:hidden">Twenty-one</p>
<p style="color:#111;color:#222 !important;color:#333">Twenty-two</p>
"""


def test_what_decides_between_rules_is_what_decides_in_chromium(sample: Sample) -> None:
    html = f"<!doctype html><head><style>{RULES}</style></head><body>{BODY}</body>"
    assert as_judged(sample, html, Scheme.LIGHT) == in_chromium(html, "light")
