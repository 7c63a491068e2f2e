"""The page's place in the navigation, and all routes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.people import acts, add, exporting, forget, importing, person, search, uploads
from pipeline.web.dashboard.people.place import HERE
from pipeline.web.dashboard.routing import get, post
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from pipeline.web.dashboard.dashboard import Dashboard


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    look, change = Right.LOOK_AT_PEOPLE, Right.CHANGE_PEOPLE
    return [
        get(dashboard, HERE, search.show, right=look),
        post(dashboard, HERE, search.find, right=look),
        get(dashboard, f"{HERE}/add", add.form, right=change),
        post(dashboard, f"{HERE}/add", add.work, right=change),
        get(dashboard, f"{HERE}/export", exporting.form, right=Right.EXPORT),
        post(dashboard, f"{HERE}/export", exporting.work, right=Right.EXPORT),
        get(dashboard, f"{HERE}/import", importing.form, right=change),
        post(dashboard, f"{HERE}/import", importing.upload, right=change, read=uploads.read),
        post(dashboard, f"{HERE}/import/answer", importing.answer, right=change),
        post(dashboard, f"{HERE}/import/go", importing.work, right=change),
        post(dashboard, f"{HERE}/import/refused", importing.refused, right=change),
        post(dashboard, f"{HERE}/address", person.of_address, right=look),
        post(dashboard, f"{HERE}/act", acts.work, right=change),
        get(dashboard, f"{HERE}/{{number:number}}", person.show, right=look),
        get(dashboard, f"{HERE}/{{number:number}}/forget", forget.form, right=Right.ERASE),
        post(dashboard, f"{HERE}/{{number:number}}/forget", forget.work, right=Right.ERASE),
    ]


PAGE = Page("People", HERE, _routes, right=Right.LOOK_AT_PEOPLE)
