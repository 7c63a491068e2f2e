"""A letter whose offer is counted, all the way: readers get the counted links, nobody else does."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import ConfigError
from pipeline.delivery.send import send_test
from pipeline.editions import archive, course, find, store
from pipeline.editions.compose import compose
from pipeline.editions.document import document
from pipeline.editions.message import preview_part, uncounted
from pipeline.letter.check import check_letter
from pipeline.schedule.drafts import mail_drafts
from subscribers import clock
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

OFFER = "https://example.org/get-matched"
GO = "https://letter.example.org/go/weekly-1"


@pytest.fixture
def counting(sqlite_database: Database, tmp_path: Path) -> Iterator[Installation]:
    now = clock.now()
    with Blog([Item("A calm morning", now), Item("An evening", now)]) as blog:
        subscribe(sqlite_database, 1)
        match = {"url": OFFER, "count_clicks": True}
        digests = [{"name": "weekly", "hold_window": "1h"}]
        staff = {"emails": ["editor@example.org"]}
        yield installation(sqlite_database, tmp_path, blog.url, match=match, digests=digests, staff=staff)


def parts(mail: bytes) -> list[str]:
    message = email.message_from_bytes(mail, policy=email.policy.default)
    return [str(part.get_content()) for part in message.iter_parts()]


def test_readers_get_the_counted_links_and_everybody_else_the_offer_itself(
    counting: Installation, tmp_path: Path
) -> None:
    sent = run_one(counting, at_once=True).edition
    assert sent is not None
    shown = [preview_part(counting.config, sent, kind).decode() for kind in ("html", "txt")]
    shown += parts(preview_part(counting.config, sent, "eml"))
    for file in (tmp_path / "outbox").iterdir():
        for part in parts(file.read_bytes()):
            assert f"{GO}/offer" in part
            assert f"{GO}/end" in part
            assert OFFER not in part
        file.unlink()
    send_test(counting, sent, "editor@example.org")
    (file,) = (tmp_path / "outbox").iterdir()
    shown += parts(file.read_bytes())
    file.unlink()
    mail_drafts(counting, [sent])
    (file,) = (tmp_path / "outbox").iterdir()
    shown += parts(file.read_bytes())
    with counting.database.read() as connection:
        issue = archive.Archive(counting).issue(connection, "weekly-1", "", "/")
        printed = document(connection, sent, counting.config.newsletter.zone)
    assert issue is not None
    shown.append(issue.article.html)
    for seen in shown:
        assert OFFER in seen
        assert "/go/" not in seen
    assert printed["clicks"]["counted"] == 0
    direct = replace(uncounted(sent), links=())
    found = [check_letter(counting.config, counting.templates, letter) for letter in (sent, direct)]
    assert found[0] == found[1]


def test_where_the_links_lead_is_part_of_what_was_approved(counting: Installation) -> None:
    digest = counting.config.digests[0]
    run_one(counting)
    composed = compose(counting, digest).edition
    assert composed is not None
    with counting.database.write() as connection:
        approved = course.approve_draft(connection, composed.id)
        assert approved is not None
        assert approved.is_approved
        links = [link | {"target": "https://evil.example/"} for link in approved.links]
        changed = store.change(connection, approved.id, links=links)
    assert changed.html == approved.html
    assert not changed.is_approved


def test_a_letter_on_its_way_keeps_its_links_when_the_configuration_changes(
    counting: Installation, tmp_path: Path, sqlite_database: Database
) -> None:
    run_one(counting)
    composed = compose(counting, counting.config.digests[0]).edition
    assert composed is not None
    with counting.database.write() as connection:
        course.approve_draft(connection, composed.id)
    other = installation(
        sqlite_database, tmp_path, counting.config.feeds[0].url, match={"url": "https://example.org/new"}
    )
    after = compose(other, other.config.digests[0]).edition
    with counting.database.read() as connection:
        assert find.by_id(connection, composed.id).links == composed.links
    assert after is not None
    assert after.html == composed.html


def test_clicks_cannot_be_counted_where_nobody_is_served(counting: Installation) -> None:
    newsletter = counting.config.newsletter.model_dump() | {"public_url": ""}
    with pytest.raises((ConfigError, ValueError), match=r"count_clicks needs newsletter\.public_url"):
        type(counting.config).model_validate(
            counting.config.model_dump() | {"newsletter": newsletter, "digests": [{"name": "weekly"}]}
        )
