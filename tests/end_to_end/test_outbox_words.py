"""With the outbox nobody is mailed, and nothing that people read says otherwise; times are people's there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests.doubles.blog import Item
from tests.doubles.smtp import StrictSmtp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
WRITTEN = "written to outbox/: nobody was mailed"
CLAIMS = re.compile(r"\bsent\b|\bmailed\b|on its way|\bdelivered\b")
"""What is true of mail alone."""
DENIED = re.compile(r"nobody (?:is|was|would be|will be) mailed|nobody mailed|nothing is sent")
MACHINES = re.compile(r"\d{4}-\d\d-\d\d|\.\d{6}|[+-]\d\d:\d\d")


@pytest.fixture
def clock(project: Project, blog: Blog) -> Iterator[time_machine.Traveller]:
    blog.items = [Item("A calm morning", MONDAY - timedelta(days=1, microseconds=-250))]
    with time_machine.travel(MONDAY + timedelta(microseconds=123456), tick=False) as traveller:
        project.subscribe(2)
        yield traveller


def claimed(text: str) -> list[str]:
    """The claims that somebody was mailed, in what people read."""
    return CLAIMS.findall(DENIED.sub("", text))


def shown(project: Project) -> dict[str, str]:
    commands = (
        "editions",
        "editions show weekly-1",
        "editions recipients weekly-1",
        "send weekly-1",
        "posts",
        "subscribers show reader1@example.net",
        "run",
        "staff log",
        "subscribers export --log",
    )
    return {command: project.rapport(*command.split()) for command in commands}


def test_a_letter_in_the_outbox_is_written_wherever_it_is_spoken_of(
    project: Project, clock: time_machine.Traveller
) -> None:
    project.rapport("pull")
    would = project.rapport("run", "--now", "--dry-run")
    assert "would be written to outbox/: nobody would be mailed" in would
    ran = project.rapport("run", "--now")
    assert f"weekly: {WRITTEN} (weekly-1: 2 of 2). Next due Thu 26 Nov, 9:00 New York." in ran
    texts = shown(project) | {"dry run": would, "run --now": ran}
    assert {command: found for command, text in texts.items() if (found := claimed(text))} == {}
    for command in (
        "editions",
        "editions show weekly-1",
        "send weekly-1",
        "subscribers show reader1@example.net",
    ):
        assert WRITTEN in texts[command], command
    assert f"weekly-1: {WRITTEN}" in texts["editions recipients weekly-1"]
    assert "2 written" in texts["editions show weekly-1"]
    assert re.search(r"Sun 22 Nov +written +A calm morning +\(weekly-1\)", texts["posts"])
    assert not [command for command, text in texts.items() if MACHINES.search(text)]


def test_the_words_of_the_contract_stay_beside_the_provider(
    project: Project, clock: time_machine.Traveller
) -> None:
    project.rapport("pull")
    assert project.json("compose", "weekly")["edition"]["provider"] is None
    (ran,) = project.json("run", "--now")["digests"]
    edition = ran["edition"]
    assert (ran["outcome"], edition["status"], edition["provider"]) == ("sent", "sent", "outbox")
    assert (edition["recipients"]["sent"], edition["due"]) == (2, "2026-11-23T10:00:00-05:00")
    person = project.json("subscribers", "show", "reader1@example.net")["subscriber"]
    assert [(one["state"], one["provider"]) for one in person["editions"]] == [("sent", "outbox")]
    (post,) = project.json("posts")["posts"]
    assert (post["state"], post["edition"]) == ("mailed", "weekly-1")
    assert all("." not in at for at in (post["published"], post["first_seen"], person["consent"][0]["at"]))
    people = project.rapport("editions", "recipients", "weekly-1", "--json").splitlines()
    states = [json.loads(line)["state"] for line in people]
    assert states == ["sent", "sent"]


def test_a_trial_stays_written_once_a_real_provider_is_set(
    project: Project, blog: Blog, clock: time_machine.Traveller
) -> None:
    project.rapport("run", "--now")
    with StrictSmtp() as server:
        more = f'[delivery]\nprovider = "smtp"\nprobe_public_url = false\nsmtp.port = {server.port}\n'
        project.configure(blog.url, more=more)
        texts = shown(project)
        assert claimed(texts["editions show weekly-1"] + texts["editions"] + texts["posts"]) == []
        assert WRITTEN in texts["editions show weekly-1"]
        assert WRITTEN in texts["subscribers show reader1@example.net"]
        blog.items.insert(0, Item("A second post", MONDAY))
        clock.shift(timedelta(hours=1))
        assert "weekly: sent (weekly-2: 2 of 2)" in project.rapport("run", "--now")
    project.configure(blog.url)
    listed = project.rapport("editions").splitlines()
    assert ["2 sent" in line for line in listed] == [True, False]
    assert "weekly-2: sent, due" in project.rapport("editions", "show", "weekly-2")


def test_a_letter_begun_in_the_outbox_is_not_ended_by_mail(
    project: Project, blog: Blog, clock: time_machine.Traveller
) -> None:
    from pipeline.core.app import Installation
    from pipeline.core.tables.editions import editions
    from pipeline.core.tables.ledger import batches

    project.rapport("run", "--now")
    with Installation.open(project.folder / "rapport.toml") as opened, opened.database.write() as connection:
        connection.execute(editions.update().values(status="sending", finished_at=None))
        connection.execute(batches.update().values(state="waiting"))
    project.configure(blog.url, more='[delivery]\nprovider = "smtp"\nprobe_public_url = false\n')
    said = project.rapport("send", "weekly-1", status=1)
    assert 'weekly-1 was begun with delivery.provider = "outbox"' in said
    assert "rapport editions cancel weekly-1" in said


@pytest.mark.parametrize(
    ("digest", "first", "then"),
    [
        ("", "a draft is ready: it goes out Thu 26 Nov, 9:00 New York", "approved: it goes out Thu 26 Nov"),
        (
            'hold_window = "72h"',
            "goes out Thu 26 Nov, 9:00 New York unless staff hold it",
            "approved: it goes out Thu 26 Nov, 9:00 New York",
        ),
        (
            'approval = "required"',
            "a draft is ready; once staff approve it, it goes out Thu 26 Nov, 9:00 New York",
            "approved: it goes out Thu 26 Nov, 9:00 New York",
        ),
    ],
    ids=["auto", "hold window", "approval"],
)
def test_a_draft_names_the_time_at_which_it_goes_out(
    project: Project, blog: Blog, clock: time_machine.Traveller, digest: str, first: str, then: str
) -> None:
    project.configure(blog.url, digest=digest)
    project.rapport("pull")
    composed = project.rapport("compose", "weekly")
    assert "weekly-1: draft, due Thu 26 Nov, 9:00 New York" in composed
    assert "It is only written to outbox/: nobody is mailed." in composed
    for reason, verb in ((first, "approve"), (then, "hold")):
        for command in (("run",), ("run", "--dry-run")):
            text, (document,) = project.rapport(*command), project.json(*command)["digests"]
            assert reason in text
            assert "Next due" not in text
            assert "3 Dec" not in text
            assert document["next_due"] == document["edition"]["due"] == "2026-11-26T09:00:00-05:00"
            assert claimed(text) == []
        decided = project.rapport("editions", verb, "weekly-1")
        assert claimed(decided) == []
        assert "It is only written to outbox/: nobody is mailed." in decided


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("send weekly-1 --test staff@example.org", f"One marked copy was {WRITTEN}."),
        (
            "subscribers add new@example.org --confirm",
            f"The mail that asks them to confirm was {WRITTEN}.",
        ),
    ],
)
def test_so_is_a_single_mail(
    project: Project, clock: time_machine.Traveller, command: str, said: str
) -> None:
    project.rapport("pull")
    project.rapport("compose", "weekly")
    before = len(project.outbox())
    text = project.rapport(*command.split())
    assert said in text
    assert claimed(text) == []
    assert len(project.outbox()) == before + 1


@pytest.mark.parametrize(
    ("address", "warns"),
    [("https://letter.example.org", True), ("http://127.0.0.1:8000", False), ("", False)],
)
def test_run_warns_and_doctor_says_where_readers_sign_up_for_nothing(
    project: Project, clock: time_machine.Traveller, address: str, warns: bool
) -> None:
    file = project.folder / "rapport.toml"
    file.write_text(file.read_text().replace("https://letter.example.org", address))
    warning = f"Readers can sign up at {address}, and nobody is mailed"
    for command in (("run",), ("run",), ("run", "--dry-run")):  # the second is the quick one
        assert (f"Warning: {warning}" in project.rapport(*command)) is warns
        assert [warning in one for one in project.json(*command).get("warnings", [])] == [True] * warns
    checks: list[dict[str, Any]] = json.loads(project._run(("doctor", "--json"))[1])["checks"]
    (found,) = [check for check in checks if check["name"] == "configuration.provider"]
    assert "nobody is mailed" in found["message"]
    assert found["level"] == ("warning" if warns else "ok")
    assert bool(found["remedy"]) is warns
