"""The page on which staff write a note: an edition without posts, for everybody or as a correction."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from starlette.exceptions import HTTPException

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions as table
from pipeline.editions import find
from pipeline.editions.edition import BEFORE_SENDING, HANDED_OVER, TYPED
from pipeline.editions.lock import PATIENCE, lock
from pipeline.editions.notes import write
from pipeline.letter.note import typed_note
from pipeline.web.dashboard import render
from pipeline.web.dashboard.letter.query import Query
from pipeline.web.dashboard.routing import get, post
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard

HERE = "/"
"""In the navigation a note belongs to this week."""

RECENT = 12
"""Editions that one can write a correction of."""


def routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/note", _form, right=Right.WRITE),
        post(dashboard, "/note", _write, right=Right.WRITE),
    ]


def _form(asked: Asked) -> Response:
    installation, digest = _of(asked)
    with installation.database.read() as connection:
        fields = _open_note(connection, digest)
    return _shown(asked, installation, digest, fields)


def _write(asked: Asked) -> Response:
    installation, digest = _of(asked)
    form = asked.form
    fields = {name: form.text(name) for name in ("subject", "preheader", "text", "readers_of")}
    offer = form.text("offer") == "yes"
    try:
        note = typed_note(fields["subject"], fields["preheader"], fields["text"], offer=offer)
        with lock(installation.database, digest.name, PATIENCE):
            _must_be_as_seen(installation, digest, form.text("seen"))
            written = write(
                installation,
                digest,
                note,
                TYPED,
                readers_of=fields["readers_of"] or None,
                actor=asked.actor.name,
            )
    except RapportError as error:
        wrong = f"{error.message} {error.remedy}".rstrip()
        return _shown(asked, installation, digest, fields | {"offer": offer}, wrong)
    asked.dashboard.letters.editions_changed()
    return asked.back_to(Query(edition=written.slug).path())


def _shown(
    asked: Asked, installation: Installation, digest: Digest, fields: dict[str, Any], wrong: str = ""
) -> Response:
    with installation.database.read() as connection:
        recent = connection.execute(
            select(table.c.slug, table.c.subject)
            .where(table.c.digest == digest.name, table.c.status.in_(HANDED_OVER))
            .order_by(table.c.id.desc())
            .limit(RECENT)
        ).all()
        seen = _mark(_open_note(connection, digest))
    values = {"fields": fields, "digest": digest.name, "recent": recent, "wrong": wrong, "seen": seen}
    return render.page(asked, "note.html", HERE, 409 if wrong else 200, **values)


def _must_be_as_seen(installation: Installation, digest: Digest, seen: str) -> None:
    """Raise RapportError when the note is another than it was when the page was made: whoever saves would
    take back what a colleague wrote, without either knowing. The page that says so was made from it."""
    with installation.database.read() as connection:
        now = _mark(_open_note(connection, digest))
    if seen != now:
        raise RapportError(
            "Somebody has saved or ended this note since you opened it.",
            "What you typed is below. Save once more if it is to stand in place of that.",
        )


def _mark(fields: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(fields).encode(), digest_size=16).hexdigest()


def _open_note(connection: Connection, digest: Digest) -> dict[str, Any]:
    """What the fields hold: the note that was typed here and did not go yet, or nothing."""
    edition = find.open_one(connection, digest.name)
    if edition is None or edition.note.get("file") != TYPED or edition.status not in BEFORE_SENDING:
        return {"subject": "", "preheader": "", "text": "", "readers_of": "", "offer": True}
    corrected = find.by_id(connection, edition.readers_of).slug if edition.readers_of else ""
    return {
        "subject": edition.subject,
        "preheader": edition.preheader,
        "text": edition.intro,
        "readers_of": corrected,
        "offer": edition.has_offer,
    }


def _of(asked: Asked) -> tuple[Installation, Digest]:
    """The digest that the address names, or the first."""
    installation = asked.installation
    name = asked.request.query_params.get("digest", "")
    for digest in installation.config.digests:
        if name in ("", digest.name):
            return installation, digest
    raise HTTPException(404)
