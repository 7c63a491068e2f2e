"""The progress of one batch over several connections: who is still waiting, and what became of the others."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from pipeline.core.words import sentence
from pipeline.providers import Batch, BatchResult, Result
from pipeline.providers.eml import Prepared, UnmailableError, envelope_address
from pipeline.providers.redact import Redactor, without_address
from pipeline.providers.smtp.refusals import RATE_REMEDY, Concern, concern, remedy_of

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.providers import Recipient
    from pipeline.providers.smtp.protocol import Reply

_CHANCES = 3
"""How many connections may end before the body of one letter is written: it may be what ends them."""

MANY = 10
"""When so many readers in a row are refused alike, and none is taken between, it concerns everyone."""

# Counters, queue ids and domains: with them the same refusal reads differently each time.
_PARTICULARS = re.compile(r"\S*(?:[0-9]|\w\.\w)\S*")

_LATE = "too much time went by before it was this reader's turn"


class Halt(Exception):
    """No more mail can be sent on this connection; with `Result.STOP`, on no other either.

    ``remedy`` is a sentence for staff. ``limited``: because the server limits how much it takes in a time.
    """

    def __init__(self, result: Result, reason: str, remedy: str = "", *, limited: bool = False) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason
        self.remedy = remedy
        self.limited = limited

    @property
    def told(self) -> str:
        """The reason, and the remedy as a sentence of its own."""
        return f"{sentence(self.reason)} {self.remedy}" if self.remedy else self.reason


def limited(reason: str) -> Halt:
    """The server takes no more for now, because it limits the rate."""
    return Halt(Result.REFUSED, reason, RATE_REMEDY, limited=True)


@dataclass(frozen=True, slots=True)
class EncodedLetter:
    """One reader's message: envelope address and content, both ready to be written."""

    reader: Recipient
    address: bytes
    content: bytes

    def refusal(self, reply: Reply, what: str) -> str:
        """A reply in words for staff, without the reader's address."""
        said = Redactor(Batch("", (self.reader,)))(reply.text)
        return f"the server refused {what} ({reply.code}): {without_address(self.reader.address, said)}"


class Streak:
    """Counts readers in a row who were refused alike. It lasts over batches: one may hold a single reader."""

    def __init__(self) -> None:
        self._said = ""
        self.length = 0

    def goes_on(self, said: str) -> bool:
        """Count one more refusal; False when a new streak begins with it."""
        alike, self._said = said == self._said, said
        self.length = self.length + 1 if alike else 1
        return alike

    def end(self) -> None:
        self._said, self.length = "", 0


class BatchProgress:
    """Shared by the threads of the connections: each takes the next reader when it is free."""

    def __init__(self, batch: Batch, prepared: Prepared, at: datetime, streak: Streak) -> None:
        self._batch = batch
        self._prepared = prepared
        self._at = at
        self._streak = streak
        self._alike: list[Recipient] = []
        """The readers of this batch who are part of the streak."""
        self._lock = Lock()
        self._waiting = deque(batch.recipients)
        self._failures: Counter[int] = Counter()
        self._halts: list[Halt] = []
        self._taken = 0
        self._rejected: dict[int, str] = {}
        self._later: dict[int, str] = {}
        self._doubtful: dict[int, str] = {}
        self._denied: dict[int, str] = {}
        self._denial: Halt | None = None
        """What was said of the first of them."""
        self._of_all: list[str] = []
        """Permanent refusals of the content, which is the same for all."""

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def check_time(self) -> None:
        """Raises Halt when it is too late to begin another letter."""
        if self._batch.late:
            raise Halt(Result.REFUSED, _LATE)

    def take(self) -> EncodedLetter | None:
        """The next letter; None when nobody is left. Raises Halt when no letter can be made."""
        while True:
            with self._lock:
                if not self._waiting:
                    return None
                reader = self._waiting.popleft()
            try:
                return EncodedLetter(
                    reader, envelope_address(reader.address), self._prepared.of(reader, self._at)
                )
            except UnmailableError:
                self._rejected[reader.subscriber] = "no valid header can be made of the address"
            except ValueError as error:
                with self._lock:
                    self._waiting.appendleft(reader)
                raise Halt(Result.STOP, f"no valid message can be made ({type(error).__name__})") from None

    def put_back(self, letter: EncodedLetter) -> None:
        """Put a letter back that was not begun, for another connection."""
        with self._lock:
            self._waiting.appendleft(letter.reader)

    def failed_with(self, letter: EncodedLetter, reason: str) -> None:
        """Record that the connection ended before this letter's body was written: surely it was not taken."""
        who = letter.reader.subscriber
        with self._lock:
            self._failures[who] += 1
            if self._failures[who] < _CHANCES:
                self._waiting.append(letter.reader)
            else:
                self._later[who] = reason

    def abandon(self) -> None:
        """Let no connection begin another letter."""
        with self._lock:
            self._waiting.clear()

    def halt(self, halt: Halt) -> None:
        with self._lock:
            self._halts.append(halt)

    def taken(self) -> None:
        with self._lock:
            self._taken += 1
            self._streak.end()

    def doubt(self, letter: EncodedLetter, reason: str) -> None:
        with self._lock:
            self._doubtful[letter.reader.subscriber] = reason

    def refused(self, letter: EncodedLetter, reply: Reply, what: str, *, of_all: bool = False) -> None:
        """A letter that a reply refused, for good or for now. Raises Halt when nobody else would be taken.

        After a refusal that is no fault of the reader's the others are asked for all the same: a server may
        take mail for some of them.
        """
        concerns = concern(reply.code, reply.text)
        reason = letter.refusal(reply, what)
        with self._lock:
            if concerns is Concern.RATE and not reply.for_good:
                self._waiting.appendleft(letter.reader)
                raise limited(reason)
            ours = concerns in (Concern.US, Concern.RATE)
            kept = self._denied if ours else self._rejected if reply.for_good else self._later
            kept[letter.reader.subscriber] = reason
            remedy = remedy_of(concerns)
            if ours and self._denial is None:
                self._denial = Halt(Result.STOP, reason, remedy)
            if of_all and reply.for_good:
                self._of_all.append(reason)
            # Readers who were put off before may all have full mailboxes; some day they must be given up.
            if concerns is Concern.READER or (self._batch.tries and kept is self._later):
                return
            if not self._streak.goes_on(f"{reply.code} {_PARTICULARS.sub('', reason)}"):
                self._alike.clear()
            self._alike.append(letter.reader)
            if self._streak.length < MANY:
                return
            # Refused for good they wait behind all others, or they would be the first again.
            stops = reply.for_good or ours
            for reader in reversed(self._alike):
                said = kept.pop(reader.subscriber)
                if stops:
                    self._denied[reader.subscriber] = said
                else:
                    self._waiting.appendleft(reader)
            self._alike.clear()
        result = Result.STOP if stops else Result.REFUSED
        raise Halt(result, f"refused alike {MANY} times in a row, the last: {reason}", remedy)

    def result(self) -> BatchResult:
        """What became of the batch, when every thread is done with it."""
        everyone = len(self._batch.recipients)
        stop = next((halt for halt in self._halts if halt.result is Result.STOP), self._denial)
        halt = stop or (self._halts[-1] if self._halts else None)
        reason = halt.reason if halt else ""
        limit = next((halt.told for halt in self._halts if halt.limited), "") if self._waiting else ""
        if not self._taken and not self._doubtful:
            if stop:
                return BatchResult(Result.STOP, stop.told, denied=self._denied)
            if len(self._waiting) == everyone:
                return BatchResult(Result.REFUSED, reason, limited=limit)
            if self._of_all and 2 * len(self._of_all) > everyone > 1:
                # What most have in common is no fault of theirs: to reject batch after batch would leave
                # nobody.
                return BatchResult(Result.STOP, self._of_all[0])
        untried = {reader.subscriber: reason for reader in self._waiting}
        named = self._rejected | self._later | untried | self._doubtful | self._denied
        return BatchResult(
            Result.ACCEPTED,
            "" if self._taken else next(iter(named.values()), ""),
            rejected=self._rejected,
            later=self._later,
            untried=untried,
            doubtful=self._doubtful,
            denied=self._denied,
            # What one connection met is no matter where the others handed everything over.
            stopped=stop.told if stop and (self._waiting or self._denied) else "",
            limited=limit,
        )
