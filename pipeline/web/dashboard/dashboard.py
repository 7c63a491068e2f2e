"""What every page of the dashboard works with, and what a page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.core.app import Installation
    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.dashboard.letters import Letters


class Page(NamedTuple):
    """One page with its routes, and its place in the navigation. ``path`` begins with a slash, and is under
    the dashboard's root. Who has not this ``right`` does not see it there."""

    label: str
    path: str
    routes: Callable[[Dashboard], Sequence[BaseRoute]]
    right: Right = Right.LOOK


@dataclass(frozen=True)
class Dashboard:
    """One installation's dashboard, at one of its two places.

    ``root`` is the path that all its pages are under, without a slash at its end: empty on loopback,
    `/staff` (behind the path of newsletter.public_url) in `rapport serve`. ``who`` says who sent a request;
    None for somebody who is not signed in, and is then answered by ``sign_in``. ``local``: whether it answers
    on loopback alone.
    """

    letters: Letters
    pages: Sequence[Page]
    who: Callable[[Request], Actor | None]
    sign_in: Callable[[Request], Response]
    root: str = ""
    local: bool = False

    def link(self, path: str = "/") -> str:
        """The address of a page of the dashboard. ``path`` begins with a slash."""
        return f"{self.root}{path}"

    @property
    def installation(self) -> Installation | None:
        """None while the configuration is broken from the start, which only a preview outlives."""
        return self.letters.installation
