"""A Maildir: a file a mail, in `new` or `cur` (cr.yp.to/proto/maildir.html).

The standard library's `mailbox.Maildir` rewrites a mail to change its flags, which changes its bytes
(python/cpython#137454). Here a mail is only ever renamed.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from subscribers.mail import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

# A mail that staff have only opened (S) still waits. Answered ones (R), drafts (D) and trash (T) do not.
_DONE = frozenset("RDT")
_HANDLED = frozenset("RS")


class Maildir:
    """Handled mails are moved to `cur` with the flags R and S: mail programs show them read and answered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting = sorted(
            (file for folder in ("new", "cur") for file in (path / folder).iterdir() if _waits(file)),
            key=lambda file: file.name,
        )

    def __enter__(self) -> Maildir:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held: a Maildir needs no lock."""

    def __len__(self) -> int:
        return len(self._waiting)

    def mails(self) -> Iterator[tuple[str, bytes] | None]:
        """Each waiting mail's name and first bytes; None for one that another program has just moved."""
        for file in self._waiting:
            try:
                with file.open("rb") as opened:
                    yield str(file), opened.read(SIZE)
            except FileNotFoundError:
                yield None
            except OSError:
                yield str(file), b""  # unreadable, so it asks for nothing and stays for staff to see

    def done(self, name: str) -> None:
        """Mark a mail as handled."""
        file = Path(name)
        base, _, flags = file.name.partition(":2,")
        target = self._path / "cur" / f"{base}:2,{''.join(sorted({*flags, *_HANDLED}))}"
        # Another program may have moved it meanwhile: its request is carried out again next time, to no harm.
        with suppress(FileNotFoundError):
            if not target.exists():
                file.rename(target)


def is_maildir(path: Path) -> bool:
    return all((path / folder).is_dir() for folder in ("cur", "new", "tmp"))


def _waits(file: Path) -> bool:
    flags = file.name.partition(":2,")[2]
    return not file.name.startswith(".") and not _DONE & {*flags} and file.is_file()
