"""Importing a list: always first as a trial, which shows what would come of it, and which rows are refused.

The rules are those of `rapport subscribers import`. The file lies in a folder of our user alone while it is
read, and is deleted at once.
"""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from pipeline.core.errors import RapportError, UsageError
from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.place import HERE
from pipeline.web.dashboard.people.uploads import LARGEST_LIST, FormWithFile, Upload, Uploads
from subscribers import clock, consent
from subscribers.importing.answers import UnknownColumnsError, answers_by_column

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.web.dashboard.asked import Asked
    from subscribers.importing.run import ImportResult

SHOWN = 100
"""Refused rows that are shown; the file has all of them."""

LONGEST = 300
"""Characters of a row that are shown."""

_uploads = Uploads()


def form(asked: Asked) -> Response:
    return _form(asked, "", [digest.name for digest in asked.installation.config.digests])


def upload(asked: Asked) -> Response:
    """A list was chosen: try it."""
    sent, installation = asked.form, asked.installation
    wanted = sent.all("digest")
    chosen = [digest.name for digest in installation.config.digests if digest.name in wanted]
    wording = sent.text("consent")
    try:
        if not isinstance(sent, FormWithFile) or not sent.name or not sent.content:
            raise UsageError("No list is chosen, or it is empty.", "Choose a file.")
        if len(sent.content) > LARGEST_LIST:
            raise UsageError("The list is too long for this page.", "Use `rapport subscribers import`.")
        if not chosen:
            raise UsageError("No letter is chosen.", "Choose at least one.")
        consent.evidence(wording)
    except RapportError as error:
        return _form(asked, wording, chosen, f"{error.message} {error.remedy}")
    brought = Upload(asked.actor.name, sent.name, sent.content, wording, chosen, clock.now())
    return _tried(asked, _uploads.keep(brought), brought)


def answer(asked: Asked) -> Response:
    """What its columns say was answered: try it again. Of which nothing was answered, that is asked again."""
    key, brought = _brought(asked)
    for number, column in enumerate(asked.form.all("column")):
        match asked.form.text(f"says-{number}"):
            case "nothing":
                brought.said[column] = None
            # No value at all would mean an empty cell, and was hardly meant.
            case "values" if asked.form.text(f"values-{number}"):
                brought.said[column] = asked.form.text(f"values-{number}")
    return _tried(asked, key, brought)


def work(asked: Asked) -> Response:
    """Import it."""
    key, brought = _brought(asked)
    if not brought.content:
        raise RapportError("This list was imported already.", "Look at what came of it under People.")
    try:
        result = _read(asked.installation, brought, dry_run=False)
    except RapportError as error:
        return _outcome(asked, key, brought, wrong=error)
    brought.content = b""
    return _outcome(asked, key, brought, result=result)


def refused(asked: Asked) -> Response:
    """The file of the rows that were refused."""
    _, brought = _brought(asked)
    headers = {"content-disposition": 'attachment; filename="refused.csv"'}
    return Response(brought.refused, media_type="text/csv; charset=utf-8", headers=headers)


def _brought(asked: Asked) -> tuple[str, Upload]:
    key = asked.form.text("key")
    found = _uploads.find(key, asked.actor.name)
    if found is None:
        raise RapportError("The list is no longer here.", "Choose it once more under People, Import a list.")
    return key, found


def _tried(asked: Asked, key: str, brought: Upload) -> Response:
    try:
        result = _read(asked.installation, brought, dry_run=True)
    except UnknownColumnsError as error:
        columns = list(zip(error.columns, error.examples, strict=True))
        return _outcome(asked, key, brought, columns=columns)
    except RapportError as error:
        return _outcome(asked, key, brought, wrong=error)
    return _outcome(asked, key, brought, result=result, trial=True)


def _read(installation: Installation, brought: Upload, *, dry_run: bool) -> ImportResult:
    from subscribers.importing.run import import_csv

    database = installation.database
    with tempfile.TemporaryDirectory(prefix="rapport-import-") as folder, database.lock("import"):
        file, rejected = Path(folder, "list", brought.name), Path(folder, "refused.csv")
        file.parent.mkdir()
        file.write_bytes(brought.content)
        try:
            result = import_csv(
                database.read if dry_run else database.write,
                file,
                digests=brought.digests,
                wording=brought.consent,
                source=f"import of {brought.name}",
                refused_path=rejected,
                dry_run=dry_run,
                answers=answers_by_column(brought.said),
                actor=brought.actor,
            )
        except RapportError as error:
            error.message = error.message.replace(str(file), brought.name)
            raise
        brought.refused = rejected.read_bytes() if rejected.exists() else b""
    return result


def _form(asked: Asked, wording: str, chosen: list[str], wrong: str = "") -> Response:
    digests = [digest.name for digest in asked.installation.config.digests]
    values: dict[str, Any] = {"consent": wording, "chosen": chosen, "digests": digests, "wrong": wrong}
    return render.page(asked, "import_people.html", HERE, 409 if wrong else 200, **values)


def _outcome(asked: Asked, key: str, brought: Upload, **values: Any) -> Response:
    empty = {"result": None, "trial": False, "columns": (), "wrong": None}
    more = {"key": key, "name": brought.name, "refused": _first(brought.refused)} | empty | values
    return render.page(asked, "imported_people.html", HERE, 409 if values.get("wrong") else 200, **more)


def _first(refused: bytes) -> list[tuple[str, str, str]]:
    """Of the first refused rows: the line, the reason, and what stands there."""
    rows = csv.reader(io.StringIO(refused.decode("utf-8", "replace"), newline=""))
    shown = []
    try:
        for line, reason, *cells in itertools.islice(rows, 1, SHOWN + 1):
            shown.append((line, reason, ", ".join(filter(None, cells))[:LONGEST]))
    except csv.Error:  # a cell of more than 128 KB
        pass
    return shown
