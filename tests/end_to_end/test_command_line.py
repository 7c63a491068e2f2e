"""The command line as people and scripts use it: statuses, JSON, errors, and the list."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item

if TYPE_CHECKING:
    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def test_global_options_stand_before_or_after_the_command(project: Project) -> None:
    before = project.rapport("--json", "--config", "rapport.toml", "editions")
    after = project.rapport("editions", "--config", "rapport.toml", "--json")
    assert json.loads(before) == json.loads(after) == {"editions": []}


@pytest.mark.installed
def test_wrong_usage_is_status_2_with_a_hint(project: Project) -> None:
    assert "No such command" in project.rapport("nonsense", status=2)
    assert "--help" in project.rapport("compose", status=2)
    error = project.json("run", "nonsense", status=2)["error"]
    assert error == {
        "code": "usage",
        "message": "There is no digest nonsense.",
        "remedy": "The configuration has: weekly.",
    }


def test_a_wrong_configuration_is_status_2_and_names_the_line(project: Project) -> None:
    config = project.folder / "rapport.toml"
    config.write_text(config.read_text().replace("from_email", "from_emial"))
    error = project.json("pull", status=2)["error"]
    assert error["code"] == "configuration"
    assert "rapport.toml:4" in error["message"]


def test_init_writes_a_configuration_that_works_and_never_overwrites(project: Project, blog: Blog) -> None:
    said = project.rapport("init", "practice")
    assert "rapport preview" in said
    file = project.folder / "practice" / "rapport.toml"
    before = file.read_text()
    assert "is there already" in project.rapport("init", "practice", status=1)
    assert file.read_text() == before
    file.write_text(before.replace("https://example.org/blog?format=rss", blog.url))
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.rapport("--config", "practice/rapport.toml", "run", "--now")


def test_nothing_to_compose_is_no_failure(project: Project) -> None:
    assert project.json("compose", "weekly") == {"edition": None, "reason": "there are no new posts"}
    assert project.json("check")["findings"] == []
    assert project.json("preview", "--out", "seen")["files"] == []


def test_compose_prints_the_edition_as_documented(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", YESTERDAY), Item("An old story", YESTERDAY - timedelta(days=300))]
    project.rapport("pull")
    edition = project.json("compose", "weekly")["edition"]
    assert {
        "slug",
        "number",
        "digest",
        "status",
        "due",
        "subject",
        "preheader",
        "posts",
        "left_out",
        "recipients",
    } <= set(edition)
    assert (edition["slug"], edition["status"], edition["subject"]) == ("weekly-1", "draft", "A calm morning")
    assert datetime.fromisoformat(edition["due"]).utcoffset() is not None
    assert all({"title", "url", "published"} <= set(post) for post in edition["posts"])
    assert edition["left_out"][0]["title"] == "An old story"
    assert "backlog" in edition["left_out"][0]["reason"]


def test_compose_shows_the_numbers_by_which_edit_drops_a_post(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", YESTERDAY), Item("A walk", YESTERDAY - timedelta(hours=1))]
    project.rapport("pull")
    assert "   2 post: A walk\n" in project.rapport("compose", "weekly")
    assert "A walk" not in project.rapport("editions", "edit", "weekly-1", "--drop", "2").split("left out")[0]
    said = project.rapport("editions", "show", "wekly-1", status=1)
    assert "There is no edition wekly-1.\nDid you mean weekly-1? List them with `rapport editions`." in said


def test_preview_writes_the_letter_as_html_text_and_mail(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", YESTERDAY)]
    written = project.json("preview", "--out", "seen")
    assert written["files"] == ["seen/edition.html", "seen/edition.txt", "seen/edition.eml"]
    assert "A calm morning" in (project.folder / "seen" / "edition.html").read_text()
    assert project.json("editions")["editions"][0]["recipients"]["total"] == 0


def test_preview_and_check_go_on_from_the_last_pull_when_the_feed_is_away_and_say_so(
    project: Project, blog: Blog, caplog: pytest.LogCaptureFixture
) -> None:
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.rapport("pull")
    blog.status = 404
    assert project.json("preview", "--out", "seen")["edition"]["subject"] == "A calm morning"
    project.rapport("check")
    told = caplog.text
    assert "this letter is made of posts that were read before" in told


def test_recipients_are_json_lines_that_can_be_narrowed(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.subscribe(3)
    project.rapport("run", "--now")
    lines = project.rapport("editions", "recipients", "weekly-1", "--json").splitlines()
    people = [json.loads(line) for line in lines]
    assert [set(person) for person in people] == [
        {"subscriber", "email", "state", "batch", "at", "reason"}
    ] * 3
    assert {person["state"] for person in people} == {"sent"}
    assert project.rapport("editions", "recipients", "weekly-1", "--state", "failed", "--json") == ""


def test_an_edition_that_is_not_there_says_how_to_list_them(project: Project) -> None:
    assert "rapport editions" in project.rapport("send", "weekly-9", status=1)


def test_a_draft_is_not_sent_without_a_decision(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.rapport("preview", "--out", "seen")
    assert "rapport editions approve weekly-1" in project.rapport("send", "weekly-1", status=1)


def test_a_person_is_added_shown_and_let_go(project: Project) -> None:
    added = project.json(
        "subscribers", "add", "Ada@Example.NET", "--name", "Ada", "--consent", "Asked on the phone"
    )
    person = added["subscriber"]
    assert (person["email"], person["name"], person["suppression"]) == ("ada@example.net", "Ada", None)
    assert [(s["digest"], s["status"]) for s in person["subscriptions"]] == [("weekly", "active")]
    assert person["consent"][0]["wording"] == "Asked on the phone"
    gone = project.json("subscribers", "unsubscribe", "ada@example.net")["subscriber"]
    assert (gone["suppression"], gone["subscriptions"][0]["status"]) == ("unsubscribed", "unsubscribed")
    assert project.json("subscribers", "show", "ada@example.net")["subscriber"] == gone
    assert project.json("subscribers", "add", "ada@example.net", "--consent", "Again", status=1)["error"][
        "remedy"
    ]


def test_an_import_counts_and_a_second_one_changes_nothing(project: Project) -> None:
    (project.folder / "list.csv").write_text(
        "Email;Name\nada@example.net;Ada\nnot an address;Bob\nADA@example.net;Ada\n"
    )
    command = ("subscribers", "import", "list.csv", "--consent", "Paper form of May")
    first = project.json(*command)
    assert {k: first[k] for k in ("read", "added", "unchanged", "refused")} == {
        "read": 3,
        "added": 1,
        "unchanged": 1,
        "refused": 1,
    }
    refused = (project.folder / first["refused_file"]).read_text()
    assert "not an address" in refused
    again = project.json(*command)
    assert (again["added"], again["changed"], again["refused"]) == (0, 0, 1)
    assert project.json("subscribers", "stats")["digests"] == [
        {"digest": "weekly", "active": 1, "pending": 0, "unsubscribed": 0}
    ]


def test_a_column_that_may_say_who_left_is_asked_about_and_the_answer_counts(project: Project) -> None:
    (project.folder / "list.csv").write_text(
        "email,City,Opted out\nada@example.net,Springfield,no\nbob@example.net,Springfield,yes\n"
    )
    command = ("subscribers", "import", "list.csv", "--consent", "Paper form of May")
    for dry_run in ((), ("--dry-run",)):
        error = project.json(*command, *dry_run, status=1)["error"]
        assert (error["code"], '"Opted out"' in error["message"]) == ("unknown_status_column", True)
    said = project.json(*command, "--status-column", "Opted out=no")
    assert (said["read"], said["unused_columns"], said["refused"]) == (2, ["City"], 0)
    assert project.json("subscribers", "stats")["digests"] == [
        {"digest": "weekly", "active": 1, "pending": 0, "unsubscribed": 1}
    ]
    assert project.json(*command, "--ignore-column", "Opted out", "--dry-run")["refused"] == 1


def test_an_export_can_be_imported_and_runs_no_formula(project: Project) -> None:
    project.rapport("subscribers", "add", "ada@example.net", "--name", "=1+1", "--consent", "Asked")
    rows = list(csv.DictReader(io.StringIO(project.rapport("subscribers", "export"))))
    assert list(rows[0])[:5] == ["id", "email", "name", "digest", "status"]
    assert (rows[0]["email"], rows[0]["name"]) == ("ada@example.net", "'=1+1")
    project.rapport("subscribers", "export", "--out", "list.csv")
    assert (project.folder / "list.csv").stat().st_mode & 0o777 == 0o600
    assert project.json("subscribers", "import", "list.csv", "--consent", "Moved")["unchanged"] == 1
    to_file, to_screen = project.json("subscribers", "export", "--log")["exports"]
    assert (to_file["what"], to_file["people"]) == ("the list, to list.csv", 1)
    assert (to_screen["what"], to_screen["who"]) == ("the list, to standard output", to_file["who"])


def test_errors_about_a_person_do_not_repeat_their_address(project: Project) -> None:
    assert "bob@" not in project.rapport("subscribers", "show", "bob@example.net", status=1)
    assert "böb" not in project.rapport("subscribers", "add", "böb@example.net", "--consent", "x", status=1)


def test_a_database_that_cannot_be_opened_is_explained(project: Project) -> None:
    (project.folder / "rapport.db").write_text("This is no database, but a letter to one. " * 40)
    said = project.rapport("editions", status=1)
    assert "database" in said


def test_migrate_says_the_schema(project: Project) -> None:
    (project.folder / "rapport.db").unlink()
    first = project.json("migrate")
    assert first["from"] is None
    assert project.json("migrate")["from"] == first["to"]


def test_the_demo_runs_the_whole_job_and_says_where_to_look(project: Project) -> None:
    said = project.rapport("demo")
    letters = sorted((project.folder / "demo" / "outbox").glob("*.eml"))
    assert len(letters) == 12
    assert str(letters[0].relative_to(project.folder)) in said
    assert project.rapport("demo") != ""
    assert len(list((project.folder / "demo" / "outbox").glob("*.eml"))) == 12
    checked = project.rapport("--config", "demo/rapport.toml", "editions", "show", "weekly-1")
    assert "written to outbox/: nobody was mailed" in checked


def test_the_demo_deletes_no_folder_it_did_not_make(project: Project) -> None:
    (project.folder / "demo").mkdir()
    (project.folder / "demo" / "thesis.txt").write_text("years of work")
    assert "no demo made it" in project.rapport("demo", status=1)
    assert (project.folder / "demo" / "thesis.txt").exists()


def test_the_demo_reads_no_variable_of_the_machine_it_runs_on(project: Project) -> None:
    project.subscribe(1)
    project.environment |= {
        "RAPPORT_DATABASE__URL": f"sqlite:///{project.folder}/rapport.db",
        "RAPPORT_DELIVERY__OUTBOX": f"{project.folder}/outbox",
        "RAPPORT_SECRET": "the secret of the real installation",
    }
    project.rapport("demo")
    assert project.outbox() == []
    assert project.json("subscribers", "stats")["digests"][0]["active"] == 1


def test_a_feeds_password_is_not_printed(project: Project, blog: Blog) -> None:
    project.configure(blog.url.replace("http://", "http://user:sekret@") + "&key=TOPSECRET")
    blog.status = 404
    said = project.rapport("pull", status=1)
    assert "sekret" not in said
    assert "TOPSECRET" not in said


def test_a_folder_of_templates_that_is_not_there_is_said(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", YESTERDAY)]
    project.environment["RAPPORT_THEME__TEMPLATES"] = "nosuch"
    assert "nosuch" in project.rapport("preview", "--out", "seen", status=2)


def test_staff_ask_somebody_instead_of_adding_them(project: Project) -> None:
    added = project.json("subscribers", "add", "ann@example.org", "--confirm")["subscriber"]
    assert [one["status"] for one in added["subscriptions"]] == ["pending"]
    (mail,) = project.outbox()
    assert "To: ann@example.org" in mail.read_text()
    for wrong in ((), ("--confirm", "--consent", "On paper")):
        told = project.json("subscribers", "add", "ben@example.org", *wrong, status=2)
        assert told["error"]["code"] == "usage"


def test_staff_stop_all_mail_to_an_address_and_take_that_back(project: Project) -> None:
    project.rapport("subscribers", "add", "ann@example.org", "--consent", "On paper")
    stopped = project.json("subscribers", "suppress", "ann@example.org", "--reason", "Asked by phone")
    assert stopped["subscriber"]["suppression"] == "manual"
    assert stopped["subscriber"]["consent"][-1]["wording"] == "Asked by phone"
    lifted = project.json("subscribers", "lift", "ann@example.org", "--reason", "Called again")
    assert lifted["subscriber"]["suppression"] is None
    assert lifted["subscriber"]["consent"][-1]["wording"] == "manual: Called again"
    project.rapport("subscribers", "unsubscribe", "ann@example.org")
    refused = project.rapport("subscribers", "lift", "ann@example.org", "--reason", "We miss them", status=1)
    assert "They can sign up again themselves" in refused


def test_forgetting_wants_a_yes_and_leaves_a_hash(project: Project) -> None:
    project.rapport("subscribers", "add", "ann@example.org", "--consent", "On paper")
    assert "Nothing was erased" in project.rapport("subscribers", "forget", "ann@example.org", status=2)
    assert project.json("subscribers", "forget", "ann@example.org", "--yes") == {
        "forgotten": 1,
        "clean": True,
        "staff_account": False,
    }
    shown = project.json("subscribers", "show", "ann@example.org")["subscriber"]
    assert (shown["id"], shown["suppression"], shown["consent"]) == (None, "forgotten", [])
    assert project.json("subscribers", "stats")["suppressed"]["forgotten"] == 1
