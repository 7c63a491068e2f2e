"""Posts in, letter out; and templates that do not make one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.core.errors import LetterError
from pipeline.core.sections.digest import Digest
from pipeline.core.templates import PACKAGED, Templates
from pipeline.feeds.parsing.parse import parse
from pipeline.feeds.posts import Post
from pipeline.letter.cta import call_to_action
from pipeline.letter.personal import HTML_TAGS, TAG, TEXT_TAGS
from pipeline.letter.render import Letter, render_letter

if TYPE_CHECKING:
    from pathlib import Path

HOSTED = {"provider": "sendgrid", "sendgrid": {"unsubscribe": "sendgrid"}}
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)


def config(**sections: Any) -> Config:
    newsletter = {
        "name": "The Weekly Letter",
        "from_email": "letter@example.org",
        "reply_to": "hello@example.org",
        "postal_address": "1 Main Street, Springfield",
        "public_url": "https://letter.example.org",
        "timezone": "America/New_York",
    }
    return Config.model_validate(
        {"newsletter": newsletter, "feeds": [{"url": "https://example.org/feed"}]} | sections
    )


def post(number: int = 1, **values: Any) -> Post:
    defaults: dict[str, Any] = {
        "id": number,
        "url": f"https://example.org/blog/{number}",
        "title": f"Post {number}",
        "published": DUE,
        "author": "Ada",
        "categories": (),
        "excerpt": f"Post {number} begins. And goes on.",
        "words": 700,
        "image_url": None,
        "image_alt": None,
    }
    return Post(**defaults | values)


def letter(*posts: Post, settings: Config | None = None, own: Path | None = None, **digest: Any) -> Letter:
    chosen = Digest.model_validate({"name": "weekly"} | digest)
    return render_letter(
        settings or config(), Templates(own), chosen, posts or [post(1), post(2)], slug="weekly-1", due=DUE
    )


def test_the_lead_gives_the_subject_and_the_others_the_preheader() -> None:
    made = letter(post(1), post(2), post(3))
    assert (made.subject, made.preheader) == ("Post 1", "Also: Post 2 · Post 3")
    assert letter(post(1)).preheader == "Post 1 begins. And goes on."


def test_html_and_text_hold_the_same_posts_offer_and_footer() -> None:
    made = letter(settings=config(match={"url": "https://example.org/contact"}))
    for part in (made.html, made.text):
        for what in ("Post 1", "Post 2 begins.", "https://example.org/blog/2", "https://example.org/contact"):
            assert what in part
        assert "1 Main Street, Springfield" in part
        assert "https://letter.example.org/archive/weekly-1" in part
        assert "3 min read" in part


def test_only_the_personal_fields_are_left_as_tags() -> None:
    made = letter()
    assert set(TAG.findall(made.html)) == set(HTML_TAGS)
    assert set(TAG.findall(made.text)) == set(TEXT_TAGS)


def test_what_a_stranger_wrote_can_be_neither_tag_nor_markup() -> None:
    nasty = '<script>alert(1)</script>{{ 7*7 }}{% raw %}%%rapport-unsubscribe-html%%"><b>'
    made = letter(
        post(
            1,
            title=nasty,
            excerpt=nasty,
            author=nasty,
            image_url="https://example.org/a.jpg",
            image_alt=nasty,
        )
    )
    assert "<script" not in made.html
    assert "<b>" not in made.html
    assert "49" not in made.subject
    assert made.html.count(HTML_TAGS.unsubscribe) == 1
    assert HTML_TAGS.unsubscribe not in made.text + made.subject + made.preheader


def test_an_address_from_a_feed_cannot_name_what_is_personal() -> None:
    feed = (
        '<rss version="2.0"><channel><title>x</title><item><title>A</title>'
        "<link>https://evil.example/?t=%%rapport-unsubscribe-text%%{{x}}</link>"
        '<enclosure type="image/png" url="https://evil.example/a.png?%%rapport-preferences-html%%" />'
        "</item></channel></rss>"
    )
    (entry,) = parse(feed.encode(), url="https://evil.example/feed").entries
    made = letter(post(1, url=entry.link, image_url=entry.image_url))
    assert made.html.count(HTML_TAGS.unsubscribe) == made.text.count(TEXT_TAGS.unsubscribe) == 1
    assert "{{" not in made.html


def test_the_html_is_ascii_whatever_the_posts_say() -> None:
    made = letter(post(1, title="Ça va? 心 😀", excerpt="Très bien."), settings=config())
    assert made.html.isascii()
    assert "&#24515;" in made.html
    assert "Ça va? 心 😀" in made.text


def test_the_html_asks_nothing_of_third_parties() -> None:
    made = letter()
    assert "googleapis" not in made.html
    assert "<link" not in made.html


def test_the_text_part_is_wrapped_and_its_links_are_whole() -> None:
    link = "https://example.org/blog/" + "long-" * 30
    made = letter(post(1, url=link, excerpt="A sentence of some length. " * 20))
    assert link in made.text
    assert all(len(line) <= 72 for line in made.text.splitlines() if "://" not in line and "%%" not in line)


def test_a_bare_post_makes_a_letter() -> None:
    made = letter(post(1, url=None, excerpt="", author=None, words=0))
    assert "Post 1" in made.html
    assert "None" not in made.html + made.text


def test_the_offer_is_the_one_that_fits_the_posts() -> None:
    settings = config(
        match={
            "url": "https://example.org/contact",
            "variants": [
                {"categories": ["Couples"], "heading": "For two", "url": "https://example.org/couples"}
            ],
        }
    )
    usual, fitting = (call_to_action(settings, [post(1, categories=c)]) for c in ((), ("couples",)))
    assert (usual.heading, usual.url) == ("Looking for a therapist?", "https://example.org/contact")
    assert (fitting.heading, fitting.url) == ("For two", "https://example.org/couples")
    assert fitting.button == usual.button


def test_without_an_address_the_offer_writes_to_the_practice() -> None:
    assert call_to_action(config(), [post()]).url == "mailto:hello@example.org"


def test_the_operators_template_goes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "preheader.txt").write_text("From {{ newsletter.name }}")
    assert letter(own=tmp_path).preheader == "From The Weekly Letter"


@pytest.mark.parametrize(
    ("template", "source", "says"),
    [
        (
            "digest.mjml",
            "<mjml>\n<mj-body>\n{{ nonsense }}\n</mj-body></mjml>",
            r"letter/digest\.mjml:3: .*nonsense",
        ),
        ("digest.mjml", "<mjml>\n{% for %}\n</mjml>", r"letter/digest\.mjml:2"),
        (
            "digest.mjml",
            "<mjml><mj-body>\n<mj-texd>x</mj-texd></mj-body></mjml>",
            r"digest\.mjml:2: <mj-texd> is no MJML",
        ),
        ("digest.mjml", "<mjml><mj-body>", r"digest\.mjml:1: <mj-body> is never closed"),
        ("digest.txt", "\n\n\n{{ posts[99].title }}", r"letter/digest\.txt:4"),
        ("preheader.txt", "{% include 'letter/missing.txt' %}", r"no template letter/missing\.txt"),
    ],
)
def test_a_broken_template_names_file_and_line(tmp_path: Path, template: str, source: str, says: str) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / template).write_text(source)
    with pytest.raises(LetterError, match=says):
        letter(own=tmp_path)


@pytest.mark.parametrize("subject", ["{{ nonsense }}", "{{ posts[9].title }}", "{{ unclosed"])
def test_a_broken_subject_names_its_digest(subject: str) -> None:
    with pytest.raises(LetterError, match=r"digests\[1\]\.subject: "):
        letter(subject=subject)


def test_dates_are_written_in_the_newsletters_language() -> None:
    settings = config()
    german = settings.newsletter.model_copy(update={"language": "de"})
    assert "26. November 2026" in letter(settings=settings.model_copy(update={"newsletter": german})).html


def test_our_templates_are_where_the_package_is() -> None:
    assert (PACKAGED / "letter" / "digest.mjml").is_file()


@pytest.mark.parametrize(
    ("delivery", "public_url", "browser", "preferences"),
    [
        ({}, "https://letter.example.org", True, True),
        (HOSTED, "", False, False),
        (HOSTED, "https://letter.example.org", True, False),
    ],
)
def test_a_letter_can_be_read_in_a_browser_wherever_pages_are_served(
    delivery: dict[str, Any], public_url: str, browser: bool, preferences: bool
) -> None:
    for layout in ("digest", "plain"):
        newsletter = {"name": "A Letter", "from_email": "letter@example.org", "public_url": public_url}
        made = letter(settings=config(newsletter=newsletter, delivery=delivery), layout=layout)
        for part in (made.html, made.text):
            assert ("Read it in your browser" in part) is browser
            assert ("/archive/weekly-1" in part) is browser
            assert ("Change what you get" in part) is preferences
