"""What the address of a page with a letter asks for: which letter, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWS = {
    "letter": "Letter",
    "inbox": "Inbox line",
    "text": "Plain text",
    "headers": "Headers",
    "source": "Source",
    "editions": "Earlier letters",
}


class Size(NamedTuple):
    label: str
    width: int | None
    """None: as wide as there is room."""


SIZES = {
    "phone": Size("Phone", 375),
    "small": Size("Small phone", 320),
    "tablet": Size("Tablet", 768),
    "desktop": Size("Desktop", None),
}


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of an address. ``root`` is none of them: it is where the dashboard is."""

    digest: str = ""
    edition: str = ""
    view: str = "letter"
    size: str = "phone"
    scheme: str = "light"
    images: str = "on"
    finding: str = ""
    root: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str], root: str = "") -> Query:
        """From a request. Values that make no sense are ignored."""
        asked = cls(**{name: given[name][:200] for name in PARAMETERS if name in given}, root=root)
        return replace(
            asked,
            view=asked.view if asked.view in VIEWS else "letter",
            size=asked.size if asked.size in SIZES else "phone",
            scheme="dark" if asked.scheme == "dark" else "light",
            images="off" if asked.images == "off" else "on",
            finding=asked.finding if asked.finding.isascii() and asked.finding.isdigit() else "",
        )

    def path(self, path: str = "/", **changes: str) -> str:
        """The path of a page, under the dashboard's root, with some of what is asked for changed."""
        usual, asked = Query(), replace(self, **changes)
        given = {
            name: getattr(asked, name) for name in PARAMETERS if getattr(asked, name) != getattr(usual, name)
        }
        return f"{path}?{urlencode(given)}" if given else path

    def url(self, path: str = "/", **changes: str) -> str:
        """The same with the root: an address to link to."""
        return self.root + self.path(path, **changes)


PARAMETERS = tuple(name for name in Query.__slots__ if name != "root")
