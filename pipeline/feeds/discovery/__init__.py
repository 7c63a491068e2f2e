"""What can be found out at a blog's bare address: its feed, its name, and how its site looks.

``search`` asks page after page through ``visits``. ``page`` and ``outline`` say what a page and a feed tell
of themselves, in the process of parsing/sandbox.py. The rules by which one thing is taken and another is not
stand in ``places`` (where to look), ``links`` (which leads on), ``choice`` (which feed) and ``identity``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A link or a feed that a page names: an absolute address, and the words it bears, on one line."""

    url: str
    text: str = ""
    language: str = ""
    """What the page says of a feed (hreflang); empty mostly."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a web page says of itself. All of it is a stranger's: short, on one line, and nothing more."""

    url: str
    title: str = ""
    names: tuple[str, ...] = ()
    """Of the site, the surest first."""
    languages: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """Names of time zones in what its software wrote for its own scripts."""
    feeds: tuple[Link, ...] = ()
    logos: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    """#rrggbb, the surest first."""
    links: tuple[Link, ...] = ()
    moved: str = ""
    """Where the page sends whoever opens it, by a refresh or by a script that is all it holds."""
    api: str = ""
    """Where WordPress tells programs about the site."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a feed says of itself and of its posts as a whole."""

    url: str
    title: str = ""
    site: str = ""
    """The blog's own address."""
    language: str = ""
    posts: int = 0
    to_hear: int = 0
    """How many of the posts are sound: a podcast's episodes."""
    dates: tuple[str, ...] = ()
    """ISO 8601, of the posts that have one, the newest first."""
    titles: tuple[str, ...] = ()
