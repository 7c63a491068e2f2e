"""Being the one process that schedules, of any number that could.

The lock dies with whoever holds it, so that another takes over at its next look. Only good order hangs on it:
what two would do at once that both thought they lead, `run` itself keeps apart.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipeline.core.errors import BusyError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pipeline.core.database import Database, Session

LOCK = "scheduler"


class Lead:
    """Held or not, from one ``take`` to the next; given up at the end of the `with`. For one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = ExitStack()
        self._session: Session | None = None

    def take(self) -> bool:
        """Whether this process leads from now on. Raises DBAPIError when the database cannot say."""
        if self._session is not None:
            try:
                with self._session.read() as connection:
                    connection.execute(text("SELECT 1"))
                return True
            except DBAPIError:
                self.give_up()  # the lock went with the connection, and may be another's already
        with ExitStack() as held:
            try:
                if self._database.sqlite:
                    held.enter_context(self._database.lock(LOCK))
                self._session = held.enter_context(self._database.alive(LOCK, wait=False))
            except BusyError:
                return False
            self._held = held.pop_all()
        return True

    def give_up(self) -> None:
        """Let another lead."""
        self._session = None
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()
