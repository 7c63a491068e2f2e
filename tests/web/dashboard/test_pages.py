"""The preview's pages: what they show, whom they answer, and what becomes of them when something breaks."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from pipeline.editions import states
from pipeline.editions.compose import compose
from pipeline.editions.lock import lock
from pipeline.editions.message import write_preview
from pipeline.web.dashboard import application, this_week
from pipeline.web.dashboard.actor import Actor, Role
from pipeline.web.dashboard.asked import Asked
from pipeline.web.dashboard.dashboard import Dashboard
from pipeline.web.dashboard.letter import frame, inbox
from subscribers.importing.run import import_csv
from tests.doubles.blog import Blog, Item
from tests.web.dashboard.office import CONFIG, Office, day, opened

VIEWS = ("letter", "inbox", "text", "headers", "source", "editions")


def test_the_letter_is_byte_for_byte_what_out_writes(office: Office, tmp_path: Path) -> None:
    office.page()
    assert office.session.installation
    files = write_preview(office.session.installation, office.edition(), tmp_path / "out")
    assert office.browser.get("/letter.html").content == files[0].read_bytes()
    assert office.browser.get("/letter.html?edition=weekly-1").content == files[0].read_bytes()
    assert office.browser.get("/letter.txt").content == files[1].read_bytes()
    assert b"%%rapport" not in files[0].read_bytes()


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "LOCALHOST", "[::1]:8001", "127.8.8.8"])
def test_a_loopback_name_is_answered(office: Office, host: str) -> None:
    assert office.browser.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8001", "10.0.0.1", "", "localhost.evil", "127.0.0.1:x"]
)
def test_any_other_name_is_refused_with_nothing_said(office: Office, host: str) -> None:
    for path in ("/", "/letter.html", "/events", "/static/dashboard.css"):
        answer = office.browser.get(path, headers={"host": host})
        assert answer.status_code == 403
        assert "Weekly" not in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9", None])
def test_a_form_on_another_page_pulls_nothing(office: Office, origin: str | None) -> None:
    before = office.blog.requests
    answer = office.browser.post("/pull", headers={"origin": origin} if origin else {})
    assert answer.status_code == 403
    assert office.blog.requests == before


def test_a_form_without_the_pages_own_token_does_nothing(office: Office) -> None:
    before = office.blog.requests
    for token in ("", "wrong", "\u0661"):
        assert office.post("/pull", csrf=token).status_code == 403
    assert office.blog.requests == before


def test_pull_now_fetches_the_feed_and_comes_back_to_the_same_view(office: Office) -> None:
    office.page()
    office.blog.items.insert(0, Item("Hot off the press", day(0.1)))
    answer = office.post("/pull?view=text")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?view=text"
    assert "Hot off the press" in office.words("?view=text")


def test_looking_changes_nothing(office: Office) -> None:
    office.page()
    before = office.edition()
    for view in VIEWS:
        office.page(f"?view={view}&scheme=dark&images=off&size=tablet")
    for path in ("/letter.html", "/letter.txt", "/letter.eml", "/frame?scheme=dark&finding=1"):
        assert office.browser.get(path).status_code == 200
    assert office.edition() == before
    assert before.status == "draft"


def test_a_strangers_markup_is_text_on_every_view(office: Office) -> None:
    office.blog.items += [
        Item("<script>alert('title')</script>", day(0.5), body="<p>x</p><script>alert('body')</script>"),
        Item('"><img src=x onerror=alert(1)>', day(300)),
    ]
    office.session.pull()
    for view in VIEWS:
        page = office.page(f"?view={view}")
        assert page.count("<script") == 2, view  # the page's own
        assert not re.search(r"<img[^>]*onerror", page), view


def test_no_answer_lets_script_run_but_the_pages_own(office: Office) -> None:
    page = office.browser.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "allow-scripts" not in page.text
    for path in ("/letter.html", "/frame", "/frame?images=off&scheme=dark"):
        policy = office.browser.get(path).headers["content-security-policy"]
        assert "script-src 'none'" in policy
        assert re.search(r"sandbox (?!.*allow-scripts)", policy)
    for path in ("/", "/letter.html", "/letter.txt", "/static/dashboard.css", "/nowhere"):
        headers = office.browser.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_no_subscribers_address_is_shown(office: Office) -> None:
    assert office.session.installation
    sheet = office.folder / "readers.csv"
    sheet.write_text("email,name\nsecret.reader@example.net,Reader\n")
    import_csv(
        office.session.installation.database.write, sheet, digests=["weekly"], wording="x", source="test"
    )
    for view in VIEWS:
        assert "secret.reader" not in office.page(f"?view={view}")
    assert "secret.reader" not in office.browser.get("/letter.eml").text


def test_images_off_blocks_images_and_nothing_else(office: Office) -> None:
    on, off = office.browser.get("/frame"), office.browser.get("/frame?images=off")
    assert "img-src http: https: data:" in on.headers["content-security-policy"]
    assert "img-src 'none'" in off.headers["content-security-policy"]
    assert on.content == off.content


def test_the_frame_answers_the_letters_questions_for_its_scheme_and_leaves_its_words_alone() -> None:
    letter = (
        "<html><head><meta name='color-scheme' content='light dark'><style>"
        "@media (prefers-color-scheme: dark) and (max-width:480px) {p{color:red}}"
        "@media (prefers-color-scheme:light){p{color:blue}}"
        "@media not all and (prefers-color-scheme: light) {p{color:green}}</style></head>"
        "<body><p>On (prefers-color-scheme: dark)</p></body></html>"
    )
    dark = frame.in_frame(letter, scheme="dark")
    assert "@media (min-width: 0) and (max-width:480px) {" in dark
    assert "@media (max-width: 0){" in dark
    assert "@media not all and (max-width: 0) {" in dark
    assert "color-scheme:dark !important" in dark
    assert "<p>On (prefers-color-scheme: dark)</p>" in dark
    light = frame.in_frame(letter, scheme="light")
    assert "@media (max-width: 0) and (max-width:480px) {" in light
    assert "@media (min-width: 0){" in light


def test_pictures_that_serve_will_serve_are_shown_from_here() -> None:
    letter = (
        '<img src="https://letter.example.org/images/abc.jpg"><a href="https://letter.example.org/images/">'
    )
    shown = frame.with_own_images(letter, "https://letter.example.org")
    assert shown == '<img src="/images/abc.jpg"><a href="https://letter.example.org/images/">'


def test_a_finding_leads_to_its_place_in_the_letter(office: Office) -> None:
    ours = (Path(__file__).parents[3] / "templates/letter/digest.mjml").read_text()
    text = '<mj-text><p><a href="about/us">Who we are</a></p></mj-text>'
    section = f"<mj-section><mj-column>{text}</mj-column></mj-section>"
    office.template("digest.mjml", ours.replace("</mj-body>", f"{section}</mj-body>"))
    page = office.page()
    links = re.findall(r'<a href="(/\?finding=\d+#place)"', page)
    assert links
    marked = [office.browser.get(link.replace("/?", "/frame?").removesuffix("#place")).text for link in links]
    assert any(re.search(r'<a id="rapport-place" href="about/us"', frame) for frame in marked)
    assert "rapport-place" not in office.browser.get("/letter.html").text
    assert "#rapport-place" in office.page(links[0].removeprefix("/").removesuffix("#place"))


def test_a_finding_about_the_subject_leads_to_the_inbox_line(office: Office) -> None:
    office.blog.items.insert(0, Item("A very long title that goes on and on " * 3, day(0.5)))
    office.session.pull()
    assert re.search(r'href="/\?view=inbox&amp;finding=\d+#place"', office.page())


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "٣"])
def test_a_finding_that_is_not_there_is_no_error(office: Office, number: str) -> None:
    assert office.browser.get("/", params={"finding": number}).status_code == 200
    assert office.browser.get("/frame", params={"finding": number}).status_code == 200


def test_a_broken_template_shows_file_line_and_text_until_it_is_mended(office: Office) -> None:
    office.page()
    file = office.template("preheader.txt", "one\ntwo\nthree {{ lead.nonsense }}\nfour\n")
    page = office.page()
    assert f"{file}, line 3" in unescape(page)
    assert re.search(r"<mark>three \{\{ lead.nonsense \}\}</mark>", page)
    assert "<iframe" not in page
    file.unlink()
    office.session.templates_changed()
    assert "<iframe" in office.page()


def test_a_template_that_does_not_parse_shows_its_line(office: Office) -> None:
    office.template("preheader.txt", "fine\n{% if %}\n")
    assert "<mark>{% if %}</mark>" in office.page()


def test_a_broken_subject_shows_its_line_in_the_configuration(office: Office) -> None:
    office.page()
    office.configure(old='name = "weekly"', new='name = "weekly"\nsubject = "{{ posts[9].title }}"')
    page = unescape(office.page())
    assert '<mark>subject = "{{ posts[9].title }}"</mark>' in page


def test_a_broken_configuration_shows_every_line_at_fault_until_it_is_mended(office: Office) -> None:
    office.page()
    office.configure('\n[delivery]\nprovidr = "smtp"\nbatch_size = "6"\n')
    page = unescape(office.page())
    assert '<mark>providr = "smtp"</mark>' in page
    assert '<mark>batch_size = "6"</mark>' in page
    office.configure("\nthis is no toml\n")
    assert "<mark>this is no toml</mark>" in office.page()
    office.configure()
    assert "<iframe" in office.page()


def test_a_configuration_that_is_broken_from_the_start_is_shown_too(tmp_path: Path) -> None:
    with Blog([Item("A calm morning", day(1))]) as blog:
        file = tmp_path / "rapport.toml"
        file.write_text(CONFIG.format(feed=blog.url).replace("from_email", "from_emial"))
        (tmp_path / "own").mkdir()
        with opened(tmp_path, blog) as office:
            assert "newsletter.from_emial is not a key" in office.words()
            assert office.browser.get("/letter.html").status_code == 404
            office.configure()
            office.session.pull()
            assert "<iframe" in office.page()


def test_another_database_in_the_configuration_is_taken_up(office: Office) -> None:
    office.page()
    office.configure('\n[database]\nurl = "sqlite:///other.db"\n')
    office.session.pull()
    assert "A calm morning" in office.page()
    assert (office.folder / "other.db").exists()


def test_with_nothing_to_compose_it_says_why_and_lists_what_went_out(office: Office) -> None:
    office.page()
    office.sent()
    office.session.templates_changed()
    said = office.words()
    assert "There are no new posts" in said
    assert "An old story" in said
    assert "backlog of 7 days" in said
    assert 'href="/?edition=weekly-1"' in office.page()


def test_an_earlier_edition_keeps_its_bytes_whatever_becomes_of_the_templates(office: Office) -> None:
    office.page()
    before = office.browser.get("/letter.html").content
    office.sent()
    office.template("digest.mjml", "{{ broken")
    assert office.browser.get("/letter.html?edition=weekly-1").content == before
    assert "<iframe" in office.page("?edition=weekly-1")


def test_an_approved_edition_is_shown_as_it_stands(office: Office) -> None:
    office.page()
    assert office.session.installation
    with office.session.installation.database.write() as connection:
        states.approve(connection, "weekly-1")
    before = office.browser.get("/letter.html").content
    office.template("digest.mjml", "{{ broken")
    assert "approved: it stays as it is" in office.words()
    assert office.browser.get("/letter.html").content == before


def test_while_another_process_is_at_the_digest_the_last_draft_is_shown(office: Office) -> None:
    office.page()
    assert office.session.installation
    with lock(office.session.installation.database, "weekly"):
        office.session.templates_changed()
        assert "Another process is at this digest" in office.words()
        assert "<iframe" in office.page()
    office.session.retry_if_busy()
    assert "Another process" not in office.words()


def test_a_feed_that_cannot_be_reached_is_said_and_the_last_pull_shown(office: Office) -> None:
    office.blog.status = 500
    office.session.pull()
    assert "from the last pull" in office.words()
    assert "<iframe" in office.page()


def test_several_digests_have_a_picker(office: Office) -> None:
    office.configure('\n[[digests]]\nname = "monthly"\nsubject = "The month"\n')
    assert 'href="/?digest=monthly"' in office.page()
    assert "The month" in office.words("?digest=monthly")
    assert "A calm morning" in office.words("?digest=weekly")


def test_what_does_not_exist_is_said_so(office: Office) -> None:
    assert "There is no edition or digest of that name" in office.words("?edition=weekly-99")
    assert "There is no edition or digest of that name" in office.words("?digest=daily")
    assert office.browser.get("/letter.html?edition=weekly-99").status_code == 404
    assert office.browser.get("/images/nothing.jpg").status_code == 404


def test_posts_and_the_offer_are_explained(office: Office) -> None:
    office.configure('\n[[match.variants]]\ncategories = ["couples"]\nheading = "Two chairs?"\n')
    office.blog.items.append(Item("Whose turn", day(2), categories=("Couples",)))
    office.session.pull()
    said = office.words("?view=text")
    assert "“Two chairs?”" in said
    assert "“Whose turn” is filed under Couples" in said
    assert "An old story" in said


def test_headers_are_shown_as_they_will_be(office: Office) -> None:
    said = office.words("?view=headers")
    assert "<https://letter.example.org/unsubscribe/preview>" in said
    assert "List-Unsubscribe=One-Click" in said
    assert "Willow Practice <letter@example.org>" in said


def test_the_size_stands_against_gmails_limit(office: Office) -> None:
    page = office.page()
    size = len(office.edition().html.encode())
    assert f'max="{102 * 1024}"' in page
    assert f'value="{size}"' in page


def test_the_page_sends_the_letters_frame_before_it_waits_for_check(office: Office) -> None:
    office.page()
    checked: list[str] = []
    find = office.session.findings
    office.session.findings = lambda edition: checked.append("checked") or find(edition)  # type: ignore[func-returns-value, method-assign]
    actor = Actor("preview", Role.ADMIN, "token")
    request = Request({"type": "http", "method": "GET", "query_string": b"", "headers": []})
    dashboard = Dashboard(
        office.session, application.PAGES, lambda _: actor, lambda _: Response(), local=True
    )
    made = this_week.pieces(Asked(dashboard, request, actor))
    assert "<iframe" in next(made)
    assert not checked
    assert "Findings" in "".join(made)
    assert checked


def test_a_draft_that_rapport_compose_refreshed_is_the_one_shown(office: Office) -> None:
    office.page()
    assert office.session.installation
    installation = office.session.installation
    with lock(installation.database, "weekly"):
        compose(installation, installation.config.digests[0], intro="Good *morning* to all of you.")
    assert "Good" in office.browser.get("/letter.txt").text
    office.session.templates_changed()
    assert "to all of you" in office.browser.get("/letter.txt").text


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("Short", 10, "Short"),
        ("Exactly ten", 11, "Exactly ten"),
        ("One more than fits", 10, "One more …"),
        ("ab👩‍👩‍👧cd", 4, "ab…"),
        ("abe\u0301f", 4, "ab…"),
        ("ab👍🏽cd", 4, "ab…"),
    ],
)
def test_a_line_is_cut_between_characters_as_people_see_them(text: str, most: int, shown: str) -> None:
    assert inbox.cut(text, most) == shown


def test_the_inbox_line_says_what_of_the_subject_is_lost() -> None:
    subject = "A subject of more than thirty-three characters"
    line = inbox.lines("Practice", subject, "")[0]
    assert line.subject.endswith("…")
    assert (
        line.subject[:-1].rstrip() + line.lost.rjust(len(subject) - len(line.subject[:-1].rstrip()))
        == subject
    )
