"""Names, languages, time zones and colours, as sites write them."""

from __future__ import annotations

import pytest

from pipeline.core.errors import UsageError
from pipeline.core.theme import Theme, look
from pipeline.feeds.discovery import Link, identity, links, places
from pipeline.feeds.discovery.page import page

SITE = "https://www.willowstreet.example/"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Home – Willow Street Therapy", "Willow Street Therapy"),
        ("Blog | Willow Street", "Willow Street"),
        ("Our Blog — Willow Street Therapy", "Willow Street Therapy"),
        ("Willow Street Therapy: Home", "Willow Street Therapy"),
        ("Couples counseling in Springfield | Willow Street Therapy", "Willow Street Therapy"),
        ("Willow Street Therapy - Couples counseling - Home", "Willow Street Therapy"),
        ("Welcome to Willow Street", "Willow Street"),
        ("Startseite | Praxis Weide", "Praxis Weide"),
        ("Stories by Ann Lee on Medium", "Ann Lee"),
        ("Smith-Jones Therapy", "Smith-Jones Therapy"),
        ("Home", ""),
        ("", ""),
        ("A" * 200, "A" * 59),
        ("Willow\x1b[31m {{ posts }} %%rapport-unsubscribe%%\n‮x", "Willow[31m posts %rapport-unsubscribe% x"),
        ("<b>Willow</b>", "b Willow /b"),
    ],
)
def test_a_title_is_cut_to_the_name(title: str, name: str) -> None:
    assert identity.name((), (title,), "", SITE) == name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Just a moment...", ""),
        ("403 Forbidden", ""),
        ("{{ site.title }}", ""),
        ("My Blog - My WordPress Blog", ""),
        ("Bienvenue au Cabinet Lune", "Cabinet Lune"),
        ("Willow \u23aa Blog", "Willow"),
    ],
)
def test_what_a_server_or_a_builder_says_is_nobodys_name(title: str, name: str) -> None:
    assert identity.name([], [title], "", "https://x.example/") == name


@pytest.mark.parametrize("written", ["teal", "rgba(0, 128, 128, 0.9)", "hsl(180, 100%, 25.1%)", "#008080ff"])
def test_a_sites_colour_is_read_as_css_writes_it(written: str) -> None:
    content = f'<html><head><meta name="theme-color" content="{written}"></head></html>'
    assert page(content.encode(), url="https://x.example/").colours == ("#008080",)


@pytest.mark.parametrize(
    "image",
    [
        '<a class="navbar-brand" href="/home"><img src="/a.png"></a>',
        '<header><a href="/"><img src="/a.png" alt="Willow"></a></header>',
        '<div class="site-branding"><img src="/a.png"></div>',
        '<img class="logo" src="data:image/gif;base64,R0" data-lazy-src="/a.png">',
        '<img class="logo" srcset="/a.png 1x, /b.png 2x">',
        '<img alt="Visa logo" src="/visa.png"><img class="partner-logo" src="/b.png">'
        '<img id="logo" src="/a.png">',
    ],
)
def test_the_logo_is_the_sites_own_however_it_is_marked(image: str) -> None:
    assert page(image.encode(), url="https://x.example/").logos == ("https://x.example/a.png",)


def test_a_name_that_is_said_as_such_comes_before_titles_and_one_of_two_titles_before_one_of_one() -> None:
    assert (
        identity.name(("Willow & Oak",), ("Home | Springfield",), "Blog", "https://x.example/")
        == "Willow & Oak"
    )
    pages = ("Counseling in Springfield | Willow Practice",)
    assert identity.name((), pages, "Willow Practice", "https://x.example/") == "Willow Practice"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en-US", "en"), ("en-us", "en"), ("en_GB", "en-GB"), ("de-DE", "de"), ("de-AT", "de-AT"),
        ("fr_FR", "fr"), ("pt-PT", "pt-PT"), ("zh-Hans-CN", "zh"), ("english", ""), ("xx", ""),
        ("../../etc", ""), ("en\n[x]", ""),
    ],
)  # fmt: skip
def test_a_language_has_its_shortest_tag(tag: str, language: str) -> None:
    assert identity.language([tag]) == language


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        (["america/new_york", "America/New_York"], "America/New_York"),
        (["Europe/Berlin", "Europe/London"], ""),
        (["Etc/UTC"], ""),
        (["Moon/Base"], ""),
        ([], ""),
    ],
)
def test_a_time_zone_is_known_when_all_agree(said: list[str], zone: str) -> None:
    assert identity.zone(said) == zone


@pytest.mark.parametrize(
    "brand", ["#ffe000", "#00ff00", "#ff1a75", "#2f5d62", "#0a7d8c", "#9ad1ff", "#000080"]
)
def test_a_colour_is_moved_until_the_letter_shows_it_as_it_is(brand: str) -> None:
    found, shade = identity.colour(["#ffffff", "#222222", brand])
    palette = look(Theme(colour=shade)).light
    assert (found, palette.link, palette.button) == (brand, shade, shade)


def test_white_black_and_grey_are_nobodys_colour() -> None:
    assert identity.colour(["#ffffff", "#000000", "#808080", "#fff8f0"]) == ("", "")


@pytest.mark.parametrize(
    ("texts", "taken"),
    [
        (("Contact", "Get matched"), "Get matched"),
        (("Blog", "Contact us"), "Contact us"),
        (("Find a therapist", "Book now"), "Find a therapist"),
        (("Termin", "Kontakt"), "Kontakt"),
        (("Why contact with old friends is good for you in winter", "Get started"), "Get started"),
        (("About", "Privacy"), ""),
    ],
)
def test_the_contact_page_is_the_one_where_readers_ask(texts: tuple[str, ...], taken: str) -> None:
    page = [Link(f"{SITE}{number}", text) for number, text in enumerate(texts)]
    assert links.contact(page, SITE) == next((link.url for link in page if link.text == taken), "")


def test_other_peoples_places_are_nobodys_contact_page() -> None:
    page = [
        Link("https://www.facebook.com/contact", "Contact"),
        Link("https://wordpress.org/contact", "Contact"),
        Link(f"{SITE}form.pdf", "Contact"),
        Link("https://booking.example/willow", "Contact"),
    ]
    assert links.contact(page, SITE) == "https://booking.example/willow"


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("willowstreet.example", "https://willowstreet.example"),
        (" willowstreet.example/blog ", "https://willowstreet.example/blog"),
        ("http://willowstreet.example", "http://willowstreet.example"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:8080/blog", "http://localhost:8080/blog"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_bare_host_is_an_address(words: str, first: str) -> None:
    assert places.typed(words)[0] == first


@pytest.mark.parametrize(
    "words",
    ["", "willow", "willow street.example", "ftp://x.example", "ann@x.example", "https://a:b@x.example", "/"],
)
def test_what_is_no_web_address_says_what_one_looks_like(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        places.typed(words)
    assert "willowstreet.example" in caught.value.remedy


@pytest.mark.parametrize(
    ("site", "domain"),
    [
        ("https://www.willowstreet.example/", "willowstreet.example"),
        ("https://blog.willowstreet.example/", "willowstreet.example"),
        ("https://willow.substack.com/", ""),
        ("http://127.0.0.1:8080/", ""),
        ("http://localhost/", ""),
    ],
)
def test_mail_may_be_from_a_domain_of_ones_own(site: str, domain: str) -> None:
    assert places.mail_domain(site) == domain


def test_medium_has_feeds_of_people_beside_them() -> None:
    assert places.under("https://medium.com/@ann") == ["https://medium.com/feed/@ann"]
