"""An mbox: all mails in one file (RFC 4155).

To mark a mail inside it, the whole file would have to be rewritten, and a kill in between would lose mail. So
the file is only read, under its lock, and what was handled is remembered in a file beside it. Without that,
each run would once more unsubscribe people who have signed up again since they wrote.
"""

from __future__ import annotations

import hashlib
import mailbox
import re
from typing import TYPE_CHECKING

from pipeline.core.errors import BusyError, RapportError
from subscribers import private
from subscribers.mail import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

# Headers that mail programs change in the file at any time; the rest of a mail stays as it is.
_PASSING = re.compile(rb"(?im)^(?:X-)?(?:Status|Keywords|UID|IMAP|IMAPbase|Mozilla-[\w-]+)[ \t]*:.*\n?")
_ENOUGH = 4096


class Mbox:
    """An mbox, locked while its context manager is open. `PATH.handled` keeps a hash of every handled
    mail."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            beginning = file.read(5)
        if beginning not in (b"", b"From "):
            raise RapportError(
                f"{path} is neither a Maildir nor an mbox: it does not begin with “From ”.",
                "Name the folder that holds cur, new and tmp, or the file that your mail server writes to.",
            )

    def __enter__(self) -> Mbox:
        self._box = mailbox.mbox(self._path, create=False)
        try:
            self._enter()
        except BaseException:
            self._box.close()
            raise
        return self

    def _enter(self) -> None:
        self._lock()
        kept = self._path.with_name(f"{self._path.name}.handled")
        self._handled = open(kept, "a+", encoding="ascii", buffering=1, opener=private.opener)  # noqa: SIM115  closed on exit
        self._handled.seek(0)
        self._known = {line.strip() for line in self._handled}
        self._keys = self._box.keys()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._box.close()  # unlocks; nothing was changed, so nothing is written
        self._handled.close()

    def __len__(self) -> int:
        return len(self._keys)

    def mails(self) -> Iterator[tuple[str, bytes] | None]:
        """The name and first bytes of each mail; None for one that was handled before."""
        for key in self._keys:
            with self._box.get_file(key) as file:
                raw = file.read(SIZE)
            name = _name(raw)
            yield None if name in self._known else (name, raw)

    def done(self, name: str) -> None:
        """Remember a mail as handled."""
        self._known.add(name)
        self._handled.write(f"{name}\n")

    def _lock(self) -> None:
        try:
            self._box.lock()
        except mailbox.ExternalClashError:
            raise BusyError(
                f"{self._path} is locked by another program.",
                f"Try again in a minute. If no program is at it, delete {self._path}.lock.",
            ) from None
        except OSError as error:
            raise RapportError(
                f"{self._path} cannot be locked: {error.strerror}.",
                "Let the user Rapport runs as write it: a mailbox is locked while it is read.",
            ) from None


def _name(raw: bytes) -> str:
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    steady = _PASSING.sub(b"", head + b"\n").rstrip() + b"\n\n" + body[:_ENOUGH].rstrip()
    return hashlib.sha256(steady).hexdigest()
