"""The sample blog's pages: where the links of the demo's letter lead."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pipeline.cli.sample.posts import SamplePost

STYLE = """
:root { color-scheme: light dark; --ink: #2b4450; --paper: #fbf7f0; --soft: #6c7f85; --link: #a5533a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e4dc; --paper: #1c2428; --soft: #9db0b3; --link: #e8a387; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.125rem/1.65 Georgia, serif; }
header, main, footer { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1.25rem; }
header img { display: block; width: 240px; height: 60px; }
h1 { font-weight: normal; font-size: 2rem; line-height: 1.25; margin: 0 0 .5rem; }
h3 { font-weight: normal; margin-bottom: 0; }
a { color: var(--link); }
main img { max-width: 100%; height: auto; border-radius: 6px; }
figure { margin: 1.5rem 0; }
blockquote { margin: 1.5rem 0; padding-left: 1rem; border-left: 3px solid var(--link); font-style: italic; }
.meta, figcaption, .share-buttons, .item-pagination, footer { color: var(--soft); font-size: .95rem; }
.posts { list-style: none; padding: 0; }
.posts li { margin: 0 0 1.25rem; }
"""


def post_page(site: str, post: SamplePost, now: datetime) -> str:
    """One post."""
    image = ""
    # Some posts show their image in the text already.
    if post.image is not None and f"/images/{post.image}" not in post.body:
        image = f'<img src="/images/{post.image}" width="1200" height="630" alt="{escape(post.alt)}">'
    return _page(
        f"{post.title} · {site}",
        f'<article><h1>{escape(post.title)}</h1><p class="meta">{escape(post.author)} · {_day(post, now)}</p>'
        f"{image}{post.body}</article>",
        site,
    )


def index_page(site: str, posts: Sequence[SamplePost], now: datetime) -> str:
    """All posts, newest first."""
    rows = "".join(
        f'<li><a href="/blog/{post.slug}">{escape(post.title)}</a><br>'
        f'<span class="meta">{escape(post.author)} · {_day(post, now)}</span></li>'
        for post in posts
    )
    return _page(f"Blog · {site}", f'<h1>Blog</h1><ul class="posts">{rows}</ul>', site)


def contact_page(site: str) -> str:
    """Where the letter's offer leads. It has no form: nobody is there to answer."""
    return _page(
        f"Contact · {site}",
        "<h1>Contact us</h1><p>Tell us a little about what you are looking for, and we will "
        "personally match you to a therapist.</p><p>This is the sample blog of a practice that does "
        "not exist. On your own site, your contact form would be here.</p>",
        site,
    )


def missing_page(site: str) -> str:
    """The page for an address that does not exist."""
    return _page(f"Not found · {site}", '<h1>Not found</h1><p><a href="/blog">All posts</a></p>', site)


def _day(post: SamplePost, now: datetime) -> str:
    published = post.published(now)
    return f"{published.day} {published:%B %Y}"


def _page(title: str, main: str, site: str) -> str:
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        '<link rel="alternate" type="application/rss+xml" href="/blog?format=rss">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<header><a href="/blog"><img src="/images/logo.png" alt="{escape(site)}"></a></header>'
        f"<main>{main}</main>"
        '<footer><a href="/blog">All posts</a> · <a href="/contact">Contact us</a></footer>'
        "</body></html>\n"
    )
