"""A list is brought to the dashboard: tried first, asked about what is unknown, then imported."""

from __future__ import annotations

import re
import tempfile
from typing import TYPE_CHECKING

from pipeline.web.dashboard.people import uploads
from pipeline.web.dashboard.people.importing import _uploads
from subscribers import clock, directory, staff_log
from tests.web.dashboard.staff import ME, OURS, send, words

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    import pytest

    from tests.web.public.visitor import Visitor

LIST = """Email,Standing,Name
new@example.net,fine,<b>New</b>
old@example.net,unsubscribed,Old
<i>nobody</i>,fine,Nobody
"""


def bring(visitor: Visitor, content: str = LIST, name: str = "list.csv", **fields: str) -> httpx.Response:
    data = {"csrf": "a-token", "consent": "at the desk", "digest": "weekly", **fields}
    return visitor.ask(
        "POST", "/staff/people/import", data=data, files={"list": (name, content)}, headers=OURS
    )


def key(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found, words(page)
    return found[1]


def on_list(visitor: Visitor, address: str) -> bool:
    with visitor.installation.database.read() as connection:
        found = directory.person(connection, address)
    return found is not None and any(one.status == "active" for one in found.subscriptions)


def test_an_unknown_column_is_asked_about_the_trial_changes_nothing_and_the_import_is_on_record(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = bring(visitor)
    assert "What do these columns say?" in asked.text
    assert "<legend>Standing</legend>" in asked.text
    assert "There stands, for example: “fine”, “unsubscribed”" in words(asked.text)
    for nothing in ({}, {"column": "Standing", "says-0": "values", "values-0": " "}):
        again = send(visitor, "/import/answer", key=key(asked.text), **nothing)
        assert "What do these columns say?" in again.text
    said = {"column": "Standing", "says-0": "values", "values-0": "fine, good"}
    tried = send(visitor, "/import/answer", key=key(asked.text), **said)
    assert "a trial, nothing was changed" in words(tried.text)
    assert "The address has no @-sign" in tried.text
    assert "<i>nobody</i>" not in tried.text
    assert not on_list(visitor, "new@example.net")
    done = send(visitor, "/import/go", key=key(tried.text))
    assert "Imported" in done.text
    assert on_list(visitor, "new@example.net")
    assert not on_list(visitor, "old@example.net")
    file = send(visitor, "/import/refused", key=key(done.text))
    assert file.headers["content-type"].startswith("text/csv")
    assert "nobody" in file.text
    assert not list(tmp_path.glob("rapport-import-*"))
    with visitor.installation.database.read() as connection:
        entry = next(one for one in staff_log.entries(connection) if one.action == "import")
    assert (entry.actor, entry.detail) == (ME, "import of list.csv")
    assert send(visitor, "/import/go", key=key(done.text)).status_code == 409


def test_a_list_that_cannot_be_taken_says_why_and_names_no_folder(visitor: Visitor) -> None:
    said = bring(visitor, "Email\na@example.net\n", name="../../nonsubscribed.csv")
    assert said.status_code == 409
    assert "nonsubscribed.csv is a list of people who never agreed" in words(said.text)
    assert "rapport-import" not in said.text
    assert bring(visitor, consent=" ").status_code == 409
    assert bring(visitor, digest="").status_code == 409
    assert bring(visitor, "").status_code == 409
    assert bring(visitor, "x" * (uploads.LARGEST_LIST + 2**17)).status_code == 413


def test_a_list_is_of_who_brought_it_and_not_for_long(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = key(bring(visitor).text)
    assert _uploads.find(brought, ME) is not None
    assert _uploads.find(brought, "another@example.org") is None
    for _ in range(uploads.MOST):
        bring(visitor)
    assert send(visitor, "/import/go", key=brought).status_code == 409
    brought = key(bring(visitor).text)
    later = clock.now() + uploads.KEPT
    monkeypatch.setattr(clock, "now", lambda: later)
    assert _uploads.find(brought, ME) is None
    assert _uploads.find("", ME) is None
