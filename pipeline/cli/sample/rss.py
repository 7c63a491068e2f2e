"""The sample blog's feed, in the form that Rapport meets most (Squarespace's)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.cli.sample.posts import SamplePost

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://www.rssboard.org/media-rss"'
)


def render_feed(title: str, posts: Sequence[SamplePost], now: datetime, site_url: str) -> str:
    """RSS 2.0 of ``posts``, which come newest first."""
    # The newest post's date, not the time of the request: an unchanged blog must give unchanged bytes.
    built = _date(posts[0].published(now)) if posts else _date(now)
    items = "".join(_item(post, now, site_url) for post in posts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss {NAMESPACES} version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>{escape(site_url)}/blog</link>"
        f"<lastBuildDate>{built}</lastBuildDate><copyright/><language>en-GB</language>"
        f"<description><![CDATA[]]></description>{items}</channel></rss>\n"
    )


def _item(post: SamplePost, now: datetime, site_url: str) -> str:
    categories = "".join(f"<category>{escape(name)}</category>" for name in post.categories)
    return (
        f"<item><title>{escape(post.title)}</title><dc:creator>{escape(post.author)}</dc:creator>{categories}"
        f"<pubDate>{_date(post.published(now))}</pubDate><link>{escape(site_url)}/blog/{post.slug}</link>"
        f'<guid isPermaLink="false">{_guid(post)}</guid>'
        f"<description>{_cdata(post.body)}</description>{_media(post, site_url)}</item>"
    )


def _media(post: SamplePost, site_url: str) -> str:
    if post.image is None:
        return ""
    address = quoteattr(f"{site_url}/images/{post.image}")
    return (
        f'<media:content type="image/jpeg" url={address} '
        'medium="image" isDefault="true" width="1200" height="630">'
        f'<media:title type="plain">{escape(post.alt)}</media:title></media:content>'
    )


def _guid(post: SamplePost) -> str:
    """Made from the slug alone: the blog's port and the posts' dates differ from demo to demo."""
    return f"harbourlane:{hashlib.sha256(post.slug.encode()).hexdigest()[:24]}"


def _date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC))


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
