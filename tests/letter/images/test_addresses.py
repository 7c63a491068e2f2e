"""Where a letter's HTML names pictures: found in every form that mail has for them, and nowhere else."""

from __future__ import annotations

import pytest

from pipeline.letter.images import addresses

PICTURE = "https://cdn.example/a(1).jpg?w=1&h=2"


@pytest.mark.parametrize(
    ("html", "picture"),
    [
        ('<img src="https://cdn.example/a(1).jpg?w=1&amp;h=2">', PICTURE),
        ("<img alt='x' src='https://cdn.example/a.jpg'>", "https://cdn.example/a.jpg"),
        ('<img src="https://cdn.example/it\'s.jpg">', "https://cdn.example/it's.jpg"),
        ("<img src=https://cdn.example/a.jpg width=1>", "https://cdn.example/a.jpg"),
        ('<img src="//cdn.example/a.jpg">', "//cdn.example/a.jpg"),
        ('<td background="https://cdn.example/a.jpg">', "https://cdn.example/a.jpg"),
        ('<div style="background:#fff url(\'https://cdn.example/a.jpg\') no-repeat">', "https://cdn.example/a.jpg"),
        ('<div style="background:url(&quot;https://cdn.example/a.jpg&quot;)">', "https://cdn.example/a.jpg"),
        ("<style>.a{background-image:url(https://cdn.example/a.jpg)}</style>", "https://cdn.example/a.jpg"),
        ('<!--[if mso]><v:fill type="frame" src="https://cdn.example/a.jpg"/><![endif]-->', "https://cdn.example/a.jpg"),
        ('<img srcset="https://cdn.example/w_1,c_2/a.jpg 2x">', "https://cdn.example/w_1,c_2/a.jpg"),
    ],
)  # fmt: skip
def test_a_picture_is_found_and_replaced_wherever_it_is_named(html: str, picture: str) -> None:
    assert addresses.found(html) == [picture]
    shown = addresses.replaced(html, {picture: "here/1.jpg"}.get)
    assert "here/1.jpg" in shown
    assert "cdn.example" not in shown
    assert addresses.replaced(html, {}.get) == html


def test_of_several_sizes_each_is_replaced() -> None:
    html = '<img srcset="https://a.example/1.jpg, https://a.example/2.jpg 2x">'
    assert addresses.replaced(html, lambda address: address[-5:]) == '<img srcset="1.jpg, 2.jpg 2x">'


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://cdn.example/a.jpg">as large as it is</a>',
        '<img src="data:,">',
        "src: see //a.example",
    ],
)
def test_links_and_words_stay(html: str) -> None:
    assert addresses.found(html) == []
