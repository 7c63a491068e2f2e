"""Which entry is which post, judged by values alone: every way in which a blog moves, and what only looks
so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds import Entry
from pipeline.feeds.matching import traces
from pipeline.feeds.matching.evidence import Known
from pipeline.feeds.matching.match import match
from pipeline.feeds.matching.names import keys
from pipeline.feeds.matching.recognise import Reading
from pipeline.feeds.matching.unknown_entries import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
READ = NOW - timedelta(hours=1)
INSTALLED = NOW - timedelta(days=40)
"""So that half of the blog below was there before Rapport was."""

TITLES = (
    "What happens in a first session",
    "Whose turn is it? Couples & chores",
    "When worry keeps you awake",
    "New at the practice: a Tuesday evening group",
    "Saying no without a speech",
    "Grief has no timetable",
    "Five ways to rest",
    "Résumé of a difficult year",
    "Talking to teenagers — a beginner's guide",
    "Why we don't give advice",
)
NEW = "Something that nobody has read yet"


class Case(NamedTuple):
    before: list[Entry]
    after: list[Entry]


def slugged(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


def entry(title: str, days: float, **values: Any) -> Entry:
    """A post of so many days ago, as WordPress has it."""
    number = sum(map(ord, title))
    made = Entry(
        guid=f"https://old.example/?p={number}",
        link=f"https://old.example/blog/2026/{slugged(title)}/",
        title=title,
        published=NOW - timedelta(days=days, minutes=number % 600, seconds=number % 47),
        author=None,
        categories=(),
        excerpt=f"This is what {title} is about, and it says so in a sentence of its own.",
        words=100,
        image_url=None,
        image_alt=None,
    )
    return replace(made, **values)


BLOG = [entry(title, 2 + 8 * number) for number, title in enumerate(TITLES)]
TRULY_NEW = entry(NEW, 0, published=NOW - timedelta(minutes=20))


def known(entries: Sequence[Entry], *, listed: bool = True, elsewhere: bool = False) -> list[Known]:
    """The posts that these entries became, numbered from 0."""
    found = []
    for number, one in enumerate(entries):
        trace = traces.of_entry(one, keys(one, 1))
        values = {name: getattr(trace, name) for name in ("guids", "links", "paths", "slugs")}
        found.append(
            Known(
                **values,
                title=trace.title,
                published=one.published,
                text=trace.text,
                id=number,
                listed=listed,
                elsewhere=elsewhere,
            )
        )
    return found


def decided(
    before: Sequence[Entry] | list[Known], after: Sequence[Entry], reading: Reading | None = None
) -> list[Any]:
    """For each entry the number of the post that it is, or its verdict."""
    posts = [*before] if before and isinstance(before[0], Known) else known(before)  # type: ignore[arg-type]
    reading = reading or Reading(initial=False, last_read=READ, archive_before=INSTALLED - timedelta(days=7))
    entries = [traces.of_entry(one, keys(one, 1)) for one in after]
    return [
        one.post if one.verdict is Verdict.KNOWN else one.verdict for one in match(entries, posts, reading)
    ]


# A blog that moves: of each post the same one again, and beside it one that is truly new


def changed(**how: Callable[[Entry], Any]) -> Callable[[Entry], Entry]:
    return lambda one: replace(one, **{name: make(one) for name, make in how.items()})


def midnight(one: Entry) -> datetime:
    assert one.published is not None
    return one.published.replace(hour=0, minute=0, second=0)


def at(host: str) -> Callable[[Entry], Entry]:
    return changed(
        guid=lambda one: one.guid.replace("old.example", host),
        link=lambda one: one.link.replace("old.example", host),
    )


def retyped(one: Entry) -> str:
    return one.title.replace("'", "’").replace("—", "-").replace("&", "&amp;").replace("?", "？").upper()


def other_title(one: Entry) -> str:
    return f"{'xyzwvutsrq'[TITLES.index(one.title)] * 7} altogether other words"


PATHS = changed(
    link=lambda one: f"https://old.example/journal/{slugged(one.title)}",
    guid=lambda one: f"https://old.example/journal/{slugged(one.title)}",
)
NEW_NAMES = changed(
    link=lambda one: f"https://new.example/p/{sum(map(ord, one.title)) * 7}",
    guid=lambda one: f"63a1b2c3d4e5f6a7{sum(map(ord, one.title)):08x}",
)
UNDATED = changed(published=lambda one: None)

MOVES: dict[str, Callable[[Entry], Entry]] = {
    "https": changed(link=lambda one: one.link.replace("https:", "http:")),
    "www": at("www.old.example"),
    "another domain": at("new.example"),
    "a subdomain": at("blog.old.example"),
    "the slash at the end": changed(link=lambda one: one.link.rstrip("/")),
    "utm parameters": changed(link=lambda one: one.link + "?utm_source=rss&utm_campaign=feed"),
    "utm parameters in the guid": changed(
        guid=lambda one: one.link + "?utm_source=rss", link=lambda one: one.link
    ),
    ".html": changed(
        link=lambda one: one.link.rstrip("/") + ".html", guid=lambda one: one.link.rstrip("/") + ".html"
    ),
    "index.html": changed(link=lambda one: one.link + "index.html", guid=lambda one: None),
    "the date out of the path": changed(
        link=lambda one: f"https://old.example/{slugged(one.title)}",
        guid=lambda one: f"https://old.example/{slugged(one.title)}",
    ),
    "all paths": PATHS,
    "all paths and the domain": lambda one: at("new.example")(PATHS(one)),
    "?p=123 instead of a slug": changed(link=lambda one: one.guid),
    "guids numbered anew": changed(guid=lambda one: str(TITLES.index(one.title) + 1)),
    "guids that are links": changed(guid=lambda one: one.link),
    "guids that were left out": changed(guid=lambda one: None),
    "another platform": NEW_NAMES,
    "another platform with midnight dates": lambda one: replace(NEW_NAMES(one), published=midnight(one)),
    "another platform, same links, midnight dates": lambda one: replace(
        one, guid=f"{sum(map(ord, one.title)):032x}", published=midnight(one)
    ),
    "a day by another time zone": lambda one: replace(
        NEW_NAMES(one), published=midnight(one) - timedelta(days=1)
    ),
    "times of day by another time zone": lambda one: replace(
        NEW_NAMES(one), published=one.published and one.published + timedelta(hours=10)
    ),
    "titles re-typed": changed(title=retyped),
    "titles re-typed on another platform": lambda one: replace(NEW_NAMES(one), title=retyped(one)),
    "titles with emoji": lambda one: replace(NEW_NAMES(one), title=f"🌿 {one.title} ✨"),
    "titles with entities": lambda one: replace(NEW_NAMES(one), title=one.title.replace("'", "&amp;#8217;")),
    "titles without accents": lambda one: replace(NEW_NAMES(one), title=one.title.replace("é", "e")),
    "titles with the blog's name": lambda one: replace(NEW_NAMES(one), title=f"{one.title} | Harbour Lane"),
    "titles without dashes and spaces": lambda one: replace(
        NEW_NAMES(one), title=one.title.replace(" — ", ": ").replace(" ", "\u00a0")
    ),
    "other titles, slugs and guids, the same seconds": changed(
        title=lambda one: f"On {one.excerpt.split()[3]} ({len(one.title)})",
        link=lambda one: f"https://old.example/blog/{sum(map(ord, one.title))}-x",
        guid=lambda one: f"https://old.example/blog/{sum(map(ord, one.title))}-x",
        excerpt=lambda one: "",
    ),
    "every post dated the day of the move": lambda one: replace(
        NEW_NAMES(one), published=NOW - timedelta(minutes=30, seconds=TITLES.index(one.title))
    ),
    "every post dated the day of the move, same links": lambda one: replace(
        one, guid=None, published=NOW - timedelta(minutes=30)
    ),
    "every post dated the day of the move, titles re-typed": lambda one: replace(
        NEW_NAMES(one), published=NOW - timedelta(minutes=30), title=retyped(one)
    ),
    "another domain, other titles, midnight dates": lambda one: replace(
        at("new.example")(one), title=other_title(one), published=midnight(one)
    ),
    "another platform with the blog's name in titles and midnight dates": lambda one: replace(
        NEW_NAMES(one), title=f"{one.title} | Harbour Lane", published=midnight(one)
    ),
}
LOSING_DATES: dict[str, Callable[[Entry], Entry]] = {
    "dates left out": UNDATED,
    "dates left out on another platform": lambda one: UNDATED(NEW_NAMES(one)),
    "dates left out, another domain, other titles": lambda one: UNDATED(
        replace(at("new.example")(one), title=other_title(one))
    ),
}
BY_TEXT: dict[str, Callable[[Entry], Entry]] = {
    "only the texts are left, and the days": lambda one: replace(
        NEW_NAMES(one), title=other_title(one), published=midnight(one)
    ),
}
BY_WORDS_OF_TITLES: dict[str, Callable[[Entry], Entry]] = {
    "every post dated the day of the move, titles with the blog's name": lambda one: replace(
        NEW_NAMES(one), published=NOW - timedelta(minutes=30), title=f"{one.title} | Harbour Lane"
    ),
}
EVERY_MOVE = MOVES | LOSING_DATES | BY_TEXT | BY_WORDS_OF_TITLES
DATED_ANEW = [name for name in EVERY_MOVE if "day of the move" in name]


FRESH = replace(TRULY_NEW, link="https://new.example/fresh", guid="fresh")
REPLACING = Reading(initial=True, last_read=READ, archive_before=INSTALLED - timedelta(days=7))
"""Of a feed that is read for the first time, while another is configured no more."""


def without_texts(entries: Sequence[Entry]) -> list[Entry]:
    return [replace(one, excerpt="") for one in entries]


@pytest.mark.parametrize("move", EVERY_MOVE.values(), ids=EVERY_MOVE)
def test_a_blog_that_moved_repeats_nothing_and_its_new_post_is_new(move: Callable[[Entry], Entry]) -> None:
    assert decided(BLOG, [FRESH, *map(move, BLOG)]) == [Verdict.NEW, *range(len(BLOG))]


@pytest.mark.parametrize("name", [name for name in EVERY_MOVE if name not in BY_TEXT])
def test_so_it_is_where_the_feed_has_titles_alone(name: str) -> None:
    moved = without_texts([FRESH, *map(EVERY_MOVE[name], BLOG)])
    assert decided(without_texts(BLOG), moved) == [Verdict.NEW, *range(len(BLOG))]


@pytest.mark.parametrize("name", [name for name in EVERY_MOVE if name not in LOSING_DATES])
def test_so_it_is_in_a_feed_that_goes_from_old_to_new(name: str) -> None:
    moved = [FRESH, *map(EVERY_MOVE[name], BLOG)]
    assert decided(BLOG[::-1], moved[::-1]) == [*range(len(BLOG)), Verdict.NEW]


@pytest.mark.parametrize("name", [name for name in EVERY_MOVE if name not in DATED_ANEW])
def test_one_post_alone_may_change_so_in_a_blog_that_stays(name: str) -> None:
    after = [TRULY_NEW, *BLOG[:3], EVERY_MOVE[name](BLOG[3]), *BLOG[4:]]
    assert decided(BLOG, after) == [Verdict.NEW, *range(len(BLOG))]


@pytest.mark.parametrize("move", EVERY_MOVE.values(), ids=EVERY_MOVE)
def test_the_feed_s_new_address_in_the_configuration_is_no_new_blog(move: Callable[[Entry], Entry]) -> None:
    assert decided(BLOG, [FRESH, *map(move, BLOG)], REPLACING) == [Verdict.NEW, *range(len(BLOG))]


def test_a_new_post_with_a_day_for_its_date_is_new_on_the_day_of_the_move() -> None:
    today = replace(FRESH, published=midnight(FRESH))
    assert decided(BLOG, [today, *(replace(NEW_NAMES(one), published=midnight(one)) for one in BLOG)]) == [
        Verdict.NEW,
        *range(len(BLOG)),
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "said"),
    [
        ("America/Los_Angeles", 32, Verdict.UNSURE),  # UTC-8: the 23rd is over at 8 of the 24th
        ("America/Los_Angeles", 31.9, Verdict.NEW),
        ("UTC", 24, Verdict.UNSURE),
        ("UTC", 23.9, Verdict.NEW),
        ("Pacific/Auckland", 11, Verdict.UNSURE),  # UTC+13
        ("Pacific/Auckland", 10.9, Verdict.NEW),
    ],
)
def test_a_day_is_over_when_it_is_over_where_the_newsletter_is(zone: str, hour: float, said: Verdict) -> None:
    """Of a blog that moved the 23rd's post is new only if the feed was last read before the day was over."""
    moved = [replace(NEW_NAMES(one), published=midnight(one), date_only=True) for one in [FRESH, *BLOG]]
    last_read = midnight(FRESH) + timedelta(hours=hour)
    reading = Reading(initial=False, last_read=last_read, zone=ZoneInfo(zone))
    assert decided(BLOG, moved, reading) == [said, *range(len(BLOG))]


def test_dates_that_moved_by_some_days_each_are_told_by_their_titles() -> None:
    older = BLOG[2:]
    moved = [
        replace(NEW_NAMES(one), published=one.published and one.published + timedelta(days=2 + n), excerpt="")
        for n, one in enumerate(older)
    ]
    assert decided(older, moved) == [*range(len(older))]


# What recurs is a new post each time

ROUND_UPS = [
    entry("Weekly round-up", 7 * n, link="https://old.example/round-up", guid=f"round-up-{n}-{'x' * 16}")
    for n in range(1, 5)
]
THIS_WEEK = entry(
    "Weekly round-up",
    0,
    published=NOW - timedelta(minutes=20),
    link="https://old.example/round-up",
    guid=f"round-up-0-{'x' * 16}",
)


@pytest.mark.parametrize("guid", [True, False], ids=["with guids", "without guids"])
@pytest.mark.parametrize("still", [0, 1, 4], ids=["alone", "beside the last", "beside all"])
def test_the_weekly_round_up_is_a_new_post_each_week(guid: bool, still: int) -> None:
    series = [one if guid else replace(one, guid=None) for one in (THIS_WEEK, *ROUND_UPS)]
    assert decided(series[1:], series[: 1 + still]) == [Verdict.NEW, *range(still)]


@pytest.mark.parametrize("still", [0, 1, 9])
def test_so_it_is_with_a_link_of_its_own_each_week(still: int) -> None:
    new = replace(THIS_WEEK, link="https://old.example/2026/48/round-up")
    before = [replace(ROUND_UPS[0], link="https://old.example/2026/47/round-up"), *BLOG[:8]]
    assert decided(before, [new, *before[:still]]) == [Verdict.NEW, *range(still)]


def test_so_it_is_where_the_last_one_gave_up_its_place() -> None:
    assert decided([ROUND_UPS[0], *BLOG], [THIS_WEEK, *BLOG])[0] is Verdict.NEW


def test_one_of_a_series_may_get_other_names() -> None:
    series = [replace(one, link=f"https://old.example/{n}") for n, one in enumerate(ROUND_UPS)]
    renamed = replace(NEW_NAMES(series[1]), published=midnight(series[1]))
    assert decided(series, [series[0], renamed, *series[2:]]) == [0, 1, 2, 3]


def test_so_it_is_where_the_whole_feed_turned_over() -> None:
    after = [replace(THIS_WEEK, link="https://old.example/2026/48/round-up"), TRULY_NEW]
    assert decided([ROUND_UPS[0], *BLOG], after) == [Verdict.NEW, Verdict.NEW]


def test_so_it_is_in_a_blog_that_moved() -> None:
    series = [replace(one, link=f"https://old.example/{n}") for n, one in enumerate(ROUND_UPS)]
    moved = [NEW_NAMES(replace(one, title=f"{one.title}")) for one in series]
    moved = [
        replace(one, guid=f"new-guid-of-{n:08}", link=f"https://new.example/{n}")
        for n, one in enumerate(moved)
    ]
    assert decided(series, [THIS_WEEK, *moved]) == [Verdict.NEW, *range(4)]


def test_two_series_that_begin_anew_on_one_day_are_new() -> None:
    other = replace(
        THIS_WEEK, title="Monday notes", guid="monday-notes-of-this-week", link="https://old.example/mo"
    )
    last = entry("Monday notes", 7, guid="monday-notes-of-last-week", link="https://old.example/mo")
    before = [ROUND_UPS[0], last, *BLOG[:5]]
    assert decided(before, [THIS_WEEK, other, *before]) == [Verdict.NEW, Verdict.NEW, *range(7)]


def test_a_note_that_is_written_daily_is_new_each_day() -> None:
    yesterday = entry(
        "Note of the day", 0, published=NOW - timedelta(days=1, minutes=7), guid="n1", link=None
    )
    today = replace(yesterday, published=NOW - timedelta(minutes=7), guid="n2")
    assert decided([yesterday], [today]) == [Verdict.NEW]


def test_a_title_that_is_given_many_times_a_day_is_new_each_time() -> None:
    photos = [
        entry(
            "Photo",
            0,
            published=READ - timedelta(minutes=31 * n),
            guid=f"{n:020}",
            link=f"https://p.example/{n}",
        )
        for n in range(1, 20)
    ]
    new = [
        entry(
            "Photo",
            0,
            published=READ + timedelta(minutes=n),
            guid=f"new{n:020}",
            link=f"https://p.example/n{n}",
        )
        for n in (3, 1)
    ]
    assert decided(photos, [*new, *photos[:8]]) == [Verdict.NEW, Verdict.NEW, *range(8)]
    assert decided(photos, new) == [Verdict.NEW, Verdict.NEW]
    assert decided(photos[:1], new[:1]) == [Verdict.NEW]
    late = replace(new[0], published=READ - timedelta(minutes=4))
    assert decided(photos, [late, *photos[:8]]) == [Verdict.NEW, *range(8)], "the feed came late"


# Edits


@pytest.mark.parametrize(
    "edit",
    [
        changed(title=lambda one: "An altogether other title"),
        changed(published=lambda one: NOW - timedelta(minutes=5)),
        changed(title=lambda one: "Another title", published=lambda one: NOW - timedelta(minutes=5)),
        changed(excerpt=lambda one: "It says something else now, from the first word to the very last."),
        changed(published=lambda one: NOW + timedelta(days=30)),
    ],
    ids=["retitled", "published anew", "retitled and published anew", "rewritten", "put off"],
)
def test_an_edit_under_its_guid_is_the_same_post(edit: Callable[[Entry], Entry]) -> None:
    assert decided(BLOG, [edit(BLOG[0]), *BLOG[1:]]) == [*range(len(BLOG))]


def again(**values: Any) -> Entry:
    """The third post taken down, and put up as a new one today."""
    return replace(NEW_NAMES(BLOG[2]), published=NOW - timedelta(minutes=5), **values)


def test_a_post_that_was_taken_down_and_put_up_anew_is_the_same() -> None:
    assert decided(BLOG, [again(), *BLOG[:2], *BLOG[3:]]) == [2, 0, 1, *range(3, len(BLOG))]


def test_with_other_words_it_is_another() -> None:
    other = again(excerpt="Nothing of what stood here last month is left; worry has had its day.")
    assert decided(BLOG, [other, *BLOG[:2], *BLOG[3:]])[0] is Verdict.NEW


def test_beside_the_old_one_it_is_another() -> None:
    assert decided(BLOG, [again(), *BLOG]) == [Verdict.NEW, *range(len(BLOG))]


def test_a_correction_of_title_slug_and_guid_is_the_same_post() -> None:
    typo = entry("New at the practice: a Teusday evening group", 3)
    right = replace(
        typo,
        title="New at the practice: a Tuesday evening group",
        link="https://old.example/blog/2026/new-at-the-practice-a-tuesday-evening-group/",
        guid="https://old.example/blog/2026/new-at-the-practice-a-tuesday-evening-group/",
    )
    assert decided([typo, *BLOG[4:]], [right, *BLOG[4:]]) == [*range(7)]


def test_the_second_part_is_not_the_first() -> None:
    first = entry("Grief, and what helps: part 1", 1)
    second = entry("Grief, and what helps: part 2", 0.5)
    assert decided([first, *BLOG[:5]], [second, *BLOG[:5]])[0] is Verdict.NEW


# Names that identify nothing


def test_numbers_that_a_platform_gave_anew_are_no_names() -> None:
    before = [replace(one, guid=str(n)) for n, one in enumerate(BLOG)]
    after = [replace(NEW_NAMES(one), guid=str(n + 1)) for n, one in enumerate(BLOG)]
    at_old = [replace(one, link=f"https://old.example/x{n}") for n, one in enumerate(after)]
    assert decided(before, at_old) == [*range(len(BLOG))]


def test_numbers_given_anew_to_a_series_with_one_title_are_no_names() -> None:
    before = [replace(one, guid=str(n), link=f"https://old.example/{n}") for n, one in enumerate(ROUND_UPS)]
    after = [
        replace(one, guid=str(n + 1), link=f"https://old.example/x{n}") for n, one in enumerate(ROUND_UPS)
    ]
    assert decided(before, after) == [*range(4)]


def test_one_guid_for_everything_is_no_name() -> None:
    same = [replace(one, guid="the-same-guid-for-everything") for one in BLOG]
    new = replace(TRULY_NEW, guid="the-same-guid-for-everything")
    assert decided(same, [new, *same]) == [Verdict.NEW, *range(len(BLOG))]


def test_one_guid_for_everything_makes_no_two_of_one_day_the_same() -> None:
    same = [replace(one, guid="the-same-guid-for-everything") for one in BLOG]
    assert same[0].published is not None
    new = replace(
        TRULY_NEW, guid="the-same-guid-for-everything", published=same[0].published + timedelta(hours=5)
    )
    assert decided(same, [new, *same[1:]]) == [Verdict.NEW, *range(1, len(BLOG))]


def test_a_page_that_says_something_else_each_time_has_a_new_post_each_time() -> None:
    before = [replace(one, published=None) for one in BLOG]
    notice = replace(
        before[0], link="https://old.example/notice", guid="the-notice-of-october", title="Closed"
    )
    new = replace(notice, guid="the-notice-of-november", title="Open again on all days", excerpt="")
    assert decided([notice, *before[1:]], [new, *before[1:]]) == [Verdict.NEW, *range(1, len(BLOG))]


def test_one_link_for_everything_is_no_name() -> None:
    same = [replace(one, guid=None, link="https://old.example/") for one in BLOG]
    new = replace(TRULY_NEW, guid=None, link="https://old.example/")
    assert decided(same, [new, *same[:4]]) == [Verdict.NEW, *range(4)]


# What nobody can tell


def strangers(days: Sequence[float]) -> list[Entry]:
    """Posts of which title, names, dates and words are known to nobody."""
    return [entry(f"Unheard of {'abcdefghijkl'[n] * 9}", ago, guid=f"{n:032}") for n, ago in enumerate(days)]


def test_in_a_strange_document_what_is_older_waits_and_what_is_newer_goes_out() -> None:
    after = [TRULY_NEW, *strangers([4.5, 13, 22, 30.5])]
    assert decided(BLOG, after) == [Verdict.NEW, *[Verdict.UNSURE] * 4]


def test_in_a_strange_document_the_archive_stays_the_archive() -> None:
    assert decided(BLOG, strangers([20, 60, 400])) == [Verdict.UNSURE, Verdict.ARCHIVE, Verdict.ARCHIVE]


def test_in_a_strange_document_one_date_for_all_says_nothing() -> None:
    anew = [replace(one, published=NOW - timedelta(minutes=20)) for one in strangers([0] * 4)]
    assert decided(BLOG, anew) == [Verdict.UNSURE] * 4
    assert decided(BLOG, anew, REPLACING) == [Verdict.UNSURE] * 4
    undated = [replace(one, published=None) for one in anew]
    assert decided(BLOG, undated, REPLACING) == [Verdict.UNSURE] * 4


def test_what_waits_is_shown_beside_what_it_may_be() -> None:
    posts = known(BLOG)
    after = [
        replace(NEW_NAMES(one), title=f"Other {n}", excerpt="", published=midnight(one))
        for n, one in enumerate(BLOG[:3])
    ]
    entries = [traces.of_entry(one, keys(one, 1)) for one in after]
    reading = Reading(initial=False, last_read=READ, archive_before=INSTALLED)
    assert [tuple(one) for one in match(entries, posts, reading)] == [(Verdict.UNSURE, n) for n in range(3)]


def test_of_a_move_that_is_half_clear_the_rest_is_judged_by_its_days() -> None:
    moved = [replace(NEW_NAMES(one), published=midnight(one)) for one in BLOG]
    moved[4] = replace(moved[4], title="Retitled so that nobody would know it")
    assert decided(BLOG, moved) == [*range(len(BLOG))]


# A document much as it was


def test_a_young_blog_that_fills_up_is_the_same_blog() -> None:
    before = entry("The first post", 1)
    more = strangers([0.1, 0.2, 1.5])
    assert decided([before], [*more[:2], before, more[2]]) == [Verdict.NEW, Verdict.NEW, 0, Verdict.NEW]


def test_one_that_turns_up_late_with_an_old_date_is_new() -> None:
    late = entry("Out of the drawer", 38)
    assert decided(BLOG, [*BLOG[:5], late, *BLOG[5:]]) == [0, 1, 2, 3, 4, Verdict.NEW, 5, 6, 7, 8, 9]


def test_a_feed_that_was_made_longer_brings_no_archive() -> None:
    older = strangers([90, 98, 106, 114, 122])
    assert decided(BLOG, [TRULY_NEW, *BLOG, *older]) == [Verdict.NEW, *range(10), *[Verdict.ARCHIVE] * 5]


def test_not_even_if_it_was_made_longer_by_two() -> None:
    assert decided(BLOG, [*BLOG, *strangers([90, 98])]) == [*range(10), *[Verdict.ARCHIVE] * 2]


def test_a_feed_that_was_made_shorter_holds_nothing_new() -> None:
    assert decided(BLOG, BLOG[:3]) == [0, 1, 2]


def test_a_feed_in_another_order_holds_nothing_new() -> None:
    assert decided(BLOG, BLOG[::-1]) == [*range(10)][::-1]


def test_another_blog_merged_into_this_one_brings_what_is_new_and_no_past() -> None:
    merged = strangers([1, 12, 25, 60, 75])
    answers = decided(BLOG, sorted([*BLOG, *merged], key=lambda one: one.published or NOW, reverse=True))
    assert [one for one in answers if isinstance(one, Verdict)] == [
        Verdict.NEW,
        Verdict.UNSURE,
        Verdict.UNSURE,
        Verdict.ARCHIVE,
        Verdict.ARCHIVE,
    ]


def test_a_feed_that_turned_over_is_new_altogether() -> None:
    after = [entry(f"New {n}", 0, published=READ + timedelta(minutes=n)) for n in range(1, 10)]
    assert decided(BLOG, after) == [Verdict.NEW] * 9


def test_several_posts_of_the_last_days_are_new_though_the_feed_came_late() -> None:
    assert decided(BLOG, [*strangers([0.5, 1, 1.5, 2]), *BLOG]) == [*[Verdict.NEW] * 4, *range(10)]


# Posts without dates


def test_in_a_feed_without_dates_what_stands_above_the_known_is_new() -> None:
    blog = [UNDATED(one) for one in BLOG]
    new = [UNDATED(one) for one in strangers([1] * 6)]
    assert decided(blog, [*new, *blog[:4]]) == [*[Verdict.NEW] * 6, 0, 1, 2, 3]


def test_one_without_a_date_among_others_is_new() -> None:
    assert decided(BLOG, [*BLOG[:2], UNDATED(TRULY_NEW), *BLOG[2:]]) == [0, 1, Verdict.NEW, *range(2, 10)]


def test_of_a_strange_document_without_dates_nobody_can_tell() -> None:
    blog = [UNDATED(one) for one in BLOG]
    assert decided(blog, [UNDATED(one) for one in strangers([1, 2, 3])]) == [Verdict.UNSURE] * 3


# Several feeds


def test_the_same_post_in_two_feeds_is_one_post() -> None:
    reading = Reading(initial=True, last_read=READ)
    mirror = [replace(NEW_NAMES(one), excerpt=one.excerpt) for one in BLOG]
    assert decided(known(BLOG, listed=False, elsewhere=True), mirror, reading) == [*range(10)]


def test_two_blogs_may_write_under_one_title_on_one_day() -> None:
    theirs = replace(
        NEW_NAMES(ROUND_UPS[0]), excerpt="What the other practice has read this week, in nine links."
    )
    reading = Reading(initial=False, last_read=READ - timedelta(days=30))
    assert decided(known([ROUND_UPS[0]], listed=False, elsewhere=True), [theirs], reading) == [Verdict.NEW]


def test_another_blog_is_the_first_of_its_feed_whatever_was_read_before() -> None:
    reading = Reading(initial=True, last_read=READ, archive_before=INSTALLED)
    theirs = strangers([0.5, 10.5, 21, 29.5, 37])
    assert decided(known(BLOG, listed=False), theirs, reading) == [Verdict.FIRST] * 5


def test_a_blog_that_took_another_s_place_on_the_same_days_waits() -> None:
    theirs = [replace(one, published=midnight(BLOG[n])) for n, one in enumerate(strangers([0] * 5))]
    reading = Reading(initial=True, last_read=READ, archive_before=INSTALLED - timedelta(days=7))
    assert decided(BLOG, [TRULY_NEW, *theirs], reading) == [Verdict.NEW, *[Verdict.UNSURE] * 5]


def test_the_very_first_reading_knows_nothing() -> None:
    assert decided([], BLOG, Reading(initial=True)) == [Verdict.FIRST] * 10
    assert decided([], [], Reading(initial=True)) == []


# Whatever comes


@given(st.data())
def test_no_two_entries_are_one_post_and_nothing_known_is_new(data: st.DataObject) -> None:
    """However each post was moved, in whatever order, with others left out."""
    moves = st.sampled_from([move for name, move in EVERY_MOVE.items() if name not in DATED_ANEW])
    kept = data.draw(st.lists(st.sampled_from(range(len(BLOG))), unique=True))
    answers = decided(BLOG, [data.draw(moves)(BLOG[n]) for n in kept])
    found = [one for one in answers if not isinstance(one, Verdict)]
    assert len(found) == len(set(found))
    assert all(one in (n, Verdict.UNSURE) for one, n in zip(answers, kept, strict=True))


def test_a_document_of_one_title_is_compared_with_few_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.feeds.matching import likely

    compared = 0
    of = likely.Evidence.of

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal compared
        compared += 1
        return of(*args, **kwargs)

    monkeypatch.setattr(likely.Evidence, "of", counted)
    same = [
        replace(BLOG[0], guid=f"guid-number-{n:08}", link=f"https://old.example/{n}/calm")
        for n in range(3000)
    ]
    new = [
        replace(BLOG[0], guid=f"guid-anew-{n:08}", link=f"https://new.example/{n}/calm") for n in range(200)
    ]
    decided(same, new)
    assert compared <= 200 * 4 * likely.MOST
