"""The script, lived: at every moment at which something is due or happens, with the clock moved there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from subscribers import clock, directory
from tests.doubles.sendgrid import Answer
from tests.waiting import until
from tests.year.oracle import due_times
from tests.year.script import CATEGORIES, SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import time_machine

    from tests.doubles.sendgrid import Delivery
    from tests.year.practice import Practice
    from tests.year.script import Reader, Script

    Happening = tuple[datetime, Callable[[], None]]

ROUND = (timedelta(minutes=-10), timedelta(hours=1))
"""When the job is called round a due time, too, where that is watched closely."""

CLOSELY = 4
"""Each so many weeks it is, also where nothing happens; else the job is called at the due time alone."""

NEAR = timedelta(days=5)
"""Of a trouble: there every due time is."""


def live(script: Script, practice: Practice, traveller: time_machine.Traveller) -> None:
    """From the script's beginning to its end."""
    life = Life(script, practice)
    happenings: dict[datetime, list[Callable[[], None]]] = {}
    for moment, happens in life.all_that_happens():
        happenings.setdefault(moment, []).append(happens)
    for moment in sorted(happenings):
        if script.begins <= moment <= script.ends:
            traveller.move_to(moment)
            life.blogs_write()
            for happens in happenings[moment]:
                happens()


class Life:
    def __init__(self, script: Script, practice: Practice) -> None:
        self.script = script
        self.practice = practice
        self._told_of = 0

    def all_that_happens(self) -> Iterator[Happening]:
        """Each with its moment, in no order; those of one moment in theirs."""
        script, practice = self.script, self.practice
        for reader in script.readers:
            yield from self._of_reader(reader)
        for entry in script.entries:
            if entry.withdrawn:
                yield entry.withdrawn - timedelta(hours=1), practice.reads_feeds
        yield script.refusing.start, lambda: self.refuses(whether=True)
        yield script.refusing.end, lambda: self.refuses(whether=False)
        yield script.by_hand, lambda: practice.sends_by_hand("weekly")
        dues = {due for digest in SCHEDULES for due in due_times(script, digest)}
        closely = self._watched_closely()
        everybody = closely | {script.begins, script.refusing.end, *(span.end for span in script.off)}
        for moment in everybody:
            yield moment, lambda: self.called(practice.everybody_calls)
        weeks = range(0, (script.ends - script.begins).days // 7, CLOSELY)
        somebody = {due + offset for due in closely for offset in ROUND} | (dues - everybody)
        for moment in somebody | {script.begins + timedelta(weeks=n, hours=1) for n in weeks}:
            yield moment, lambda: self.called(practice.somebody_calls)

    def _watched_closely(self) -> set[datetime]:
        """Due times at which the job is called from all sides, and from one before and after: those that the
        clock's change is about, those near a trouble, and some others."""
        script = self.script
        spans = (*script.off, script.refusing, script.broken, *script.quiet)
        troubles = [moment for span in spans for moment in (span.start, span.end)] + [script.garbage]
        weekly = due_times(script, "weekly")
        near = {due for due in weekly if any(abs(due - trouble) < NEAR for trouble in troubles)}
        rare = {due for digest in CATEGORIES for due in due_times(script, digest)}
        return near | rare | set(weekly[::CLOSELY])

    def _of_reader(self, reader: Reader) -> Iterator[Happening]:
        if reader.joins is None or reader.on_paper:
            yield reader.joins or self.script.begins, lambda: self.is_typed_in(reader)
        else:
            yield reader.joins, lambda: self.signs_up(reader)
        if reader.leaves:
            yield reader.leaves, lambda: self.leaves(reader)
        if reader.complains:
            yield reader.complains, lambda: self.complains(reader)

    def called(self, call: Callable[[], None]) -> None:
        """What SendGrid has to tell comes first. Nothing happens while the machine is off."""
        if any(clock.now() in span for span in self.script.off):
            return
        dead = {reader.address: reader.dies for reader in self.script.readers if reader.dies}
        fresh = self.practice.mailed[self._told_of :]
        self._told_of += len(fresh)
        if fresh:
            self.practice.hears(*(_became(m.mail, m.at, dead.get(m.mail.address)) for m in fresh))
        call()

    # Blogs and provider

    def blogs_write(self) -> None:
        now, script = clock.now(), self.script
        for blog in self.practice.blogs:
            self.practice.writes(blog, [e for e in script.entries if e.blog == blog and e.stands(now)])
        partners = self.practice.blogs["partners"]
        partners.status, partners.body, partners.headers = 200, None, {"Retry-After": "0"}
        if now in script.broken and now < script.garbage:
            partners.status = 500
        elif now in script.broken:
            partners.body = b"<!doctype html><title>Back soon</title><p>We are moving."

    def refuses(self, *, whether: bool) -> None:
        """SendGrid takes nothing, and says so at once."""
        self.practice.sendgrid.faults.clear()
        if whether:
            self.practice.sendgrid.faults.extend([Answer(503, headers={"Retry-After": "0"})] * 1000)

    # Readers

    def is_typed_in(self, reader: Reader) -> None:
        with self.practice.staff.database.write() as connection:
            directory.add(
                connection, reader.address, digests=list(SCHEDULES), wording="Asked us to", source="paper"
            )

    def signs_up(self, reader: Reader) -> None:
        form = {"email": reader.address, "name": reader.name, "digest": list(SCHEDULES)}
        assert self.practice.pages.post("/subscribe", data=form).status_code == 200
        # It is mailed once the answer is out.
        until(lambda: self.practice.sendgrid.payloads[-1]["categories"] == ["confirmation"])
        asked = self.practice.newest(reader.address, "confirmation")
        (page,) = set(re.findall(r"/confirm/[\w-]+", asked.text))
        assert self.practice.pages.post(page).status_code == 200

    def leaves(self, reader: Reader) -> None:
        """By the mail program's button (RFC 8058)."""
        link = self.practice.newest(reader.address, "weekly").headers["List-Unsubscribe"].strip("<>")
        answer = self.practice.pages.post(link, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.headers.get("location")) == (200, None)

    def complains(self, reader: Reader) -> None:
        letter = self.practice.newest(reader.address, "weekly")
        self.practice.hears(_event("spamreport", letter, clock.now()))


def _became(mail: Delivery, at: datetime, died: datetime | None) -> dict[str, Any]:
    return _event("bounce" if died and died <= at else "delivered", mail, at)


def _event(word: str, mail: Delivery, at: datetime) -> dict[str, Any]:
    """As SendGrid posts it."""
    return {
        "event": word,
        "email": mail.address,
        "timestamp": int(at.timestamp()) + 5,
        "sg_event_id": f"{word}-{mail.message_id}-{mail.custom_args.get('subscriber')}",
        "sg_message_id": f"{mail.message_id}.recvd-0",
        **mail.custom_args,
    }
