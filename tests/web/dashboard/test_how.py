"""How it is: feeds, posts that wait for staff, channels, due times, backups, and the doctor when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from pipeline.core.finding import error, ok
from pipeline.core.tables.channels import announcements
from pipeline.core.tables.feeds import feeds, posts
from pipeline.doctor import Examined
from subscribers import clock, export
from subscribers.tables import staff_log
from tests.ledgers import handed_over

if TYPE_CHECKING:
    import pytest

    from pipeline.core.app import Installation
    from tests.web.dashboard.office import Office


def installed(office: Office) -> Installation:
    office.page()
    assert office.session.installation
    return office.session.installation


def words(office: Office, path: str = "how") -> str:
    return office.words(path)


def test_feeds_due_times_and_backups_stand_there(office: Office) -> None:
    installation = installed(office)
    shown = words(office)
    assert "newest post" in shown
    assert "None was made from this database" in shown
    assert shown.count("weekly not written yet") >= 3
    with installation.database.write() as connection:
        export.begin(connection, who="me", what=f"{export.A_BACKUP} to a.rapport")
        connection.execute(update(feeds).values(failing_since=clock.now(), error="the host is not known"))
    shown = words(office)
    assert "The last one was made" in shown
    assert "the host is not known" in shown


def test_a_post_that_nobody_can_tell_is_decided_there(office: Office) -> None:
    installation = installed(office)
    with installation.database.write() as connection:
        number = connection.scalar(select(posts.c.id).order_by(posts.c.id.desc()).limit(1))
        connection.execute(update(posts).where(posts.c.id == number).values(decision="unsure"))
    assert "waits for you" in words(office)
    answer = office.submit('form[action="/how/post"]', press="keep-out", query="how")
    assert answer.status_code == 200
    with installation.database.read() as connection:
        assert connection.scalar(select(posts.c.decision).where(posts.c.id == number)) == "out"
        actions = connection.execute(select(staff_log.c.action, staff_log.c.actor)).all()
    assert ("keep-out", "preview") in [tuple(row) for row in actions]
    assert "waits for you" not in words(office)


def test_what_was_announced_has_its_address_and_its_reason(office: Office) -> None:
    office.configure(
        '\n[[channels]]\nname = "fediverse"\nkind = "mastodon"\nurl = "https://social.example"\n'
    )
    installation = installed(office)
    now = clock.now()
    common = {"made_at": now, "at": now, "repeat_key": "k", "channel": "fediverse"}
    with installation.database.write() as connection:
        for number in (11, 12):
            handed_over(connection, number)
        for row in (
            {"edition_id": 11, "state": "posted", "address": "https://social.example/1", "reason": ""},
            {
                "edition_id": 12,
                "state": "uncertain",
                "address": "javascript:alert(1)",
                "reason": "<b>502</b>",
            },
        ):
            connection.execute(insert(announcements).values(common | row))
    page = office.page("how")
    assert 'href="https://social.example/1"' in page
    assert "&lt;b&gt;502&lt;/b&gt;" in page
    assert "javascript:" not in page
    assert "rapport channels post weekly-12 --channel fediverse --anyway" in page
    assert "RAPPORT_CHANNEL_FEDIVERSE" in page


def test_the_doctor_is_asked_only_when_somebody_wants_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def examine(*_: object, **__: object) -> Examined:
        asked.append(1)
        return Examined([error("dns", "There is no SPF record.", "Publish one."), ok("clock", "Right.")], [])

    monkeypatch.setattr("pipeline.web.dashboard.how.examine_opened", examine)
    installed(office)
    words(office)
    assert not asked
    shown = words(office, "how/doctor")
    assert asked
    assert "There is no SPF record. Publish one." in shown
    assert "What is well (1)" in shown
