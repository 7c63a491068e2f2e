"""The real child that reads feeds, with limits so small that a test passes them in no time."""

from __future__ import annotations

from html import escape

from pipeline.feeds.parsing import sandbox

ENTRY_SECONDS = 0.1
SECONDS = 1
"""Of the processor's time; the kernel counts whole ones."""

LONG = f"<item><title>Too long</title><description>{escape('<b>a</b> ' * 30_000)}</description></item>"
"""A post that takes several times as long as one may."""

HOSTILE = f"<rss version='2.0'><channel><title>x</title>{LONG * 10}</channel></rss>".encode()
"""A document that takes several times as long as one may."""


if __name__ == "__main__":
    sandbox.ENTRY_SECONDS = ENTRY_SECONDS
    sandbox.SECONDS = SECONDS
    from pipeline.feeds.parsing.sandbox_child import main

    main()
