"""A request by one of staff, as a page gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from pipeline.web.public.form import Form

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.core.app import Installation
    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.dashboard.dashboard import Dashboard

NO_FORM = Form([])

LONGEST_NUMBER = 18
"""Digits of a number that something is known by: no database holds all of more."""


@dataclass(frozen=True)
class Asked:
    """What is asked, and who asks: their role covers it. ``form`` is what a POST brought."""

    dashboard: Dashboard
    request: Request
    actor: Actor
    form: Form = NO_FORM

    @property
    def installation(self) -> Installation:
        """Raises HTTPException 404 while there is none: the configuration is broken from the start."""
        if self.dashboard.installation is None:
            raise HTTPException(404)
        return self.dashboard.installation

    @property
    def number(self) -> int:
        """The number in the path."""
        number: int = self.request.path_params["number"]
        return number

    def asked_number(self, name: str) -> int | None:
        """A number in the query; None where there is none that anything could have."""
        given = self.request.query_params.get(name, "")
        return int(given) if given.isascii() and given.isdecimal() and len(given) <= LONGEST_NUMBER else None

    def back_to(self, path: str) -> Response:
        """After a POST that did something: the browser goes to that page, so that a reload does nothing a
        second time."""
        return RedirectResponse(self.dashboard.link(path), status_code=303)
