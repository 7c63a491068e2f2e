"""Unsubscribing by mail, from a mailbox on disk: what a mail asks to end is ended, and the mail is marked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from pipeline.core.errors import RapportError
from pipeline.subscriptions.mailbox.maildir import Maildir, is_maildir
from pipeline.subscriptions.mailbox.mbox import Mbox
from pipeline.subscriptions.unsubscribe import leave_by_mail
from subscribers.mail import read
from subscribers.mailbox import Silence, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path
    from types import TracebackType

    from pipeline.core.database import Database
    from pipeline.subscriptions.unsubscribe import LeftByMail
    from subscribers.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the mails that were read, each counted once."""

    read: int = 0
    unsubscribed: int = 0
    already: int = 0  # asked, and had left before
    unknown: int = 0  # asked, and not on the list
    ignored: int = 0  # bounces and automatic replies, which ask for nothing
    left: int = 0  # for staff to read


class Box(Protocol):
    """A mailbox, open as a context manager. ``done`` marks a mail by the name that ``mails`` gave it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def __len__(self) -> int: ...
    def mails(self) -> Iterator[tuple[str, bytes] | None]: ...
    def done(self, name: str) -> None: ...


def process_mailbox(
    database: Database,
    tokens: Tokens,
    path: Path,
    progress: Callable[[int, int], None],
    *,
    configured: Collection[str] | None = None,
) -> Counts:
    """End what the mails in the Maildir or mbox at ``path`` ask to end, as far as they are new.

    Each request is committed before its mail is marked: after a kill between the two it is carried out again,
    which changes nothing. Mails that ask for nothing stay as they are. Raises RapportError for what is no
    mailbox, BusyError while another program has it locked. ``configured`` is as `leave_by_link` takes it.
    """
    counted: Counter[str] = Counter()
    with _box(path) as box:
        for number, mail in enumerate(box.mails(), start=1):
            if mail is not None:
                name, raw = mail
                outcome = _handle(database, tokens, raw, configured)
                counted[outcome] += 1
                if outcome is not Silence.LEFT:
                    box.done(name)
            progress(number, len(box))
    return Counts(read=counted.total(), **counted)


def _handle(
    database: Database, tokens: Tokens, raw: bytes, configured: Collection[str] | None
) -> LeftByMail | Silence:
    request = asked(read(raw), tokens)
    if isinstance(request, Silence):
        return request
    with database.write() as connection:
        return leave_by_mail(connection, request, configured=configured)


def _box(path: Path) -> Box:
    if path.is_file():
        return Mbox(path)
    if is_maildir(path):
        return Maildir(path)
    raise RapportError(
        f"{path} is no mailbox.",
        "Name a Maildir (the folder that holds cur, new and tmp) or an mbox (one file).",
    )
