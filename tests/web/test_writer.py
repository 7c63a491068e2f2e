"""Many requests share a transaction, and each is answered only when its own work is committed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from pipeline.core import database as database_module
from pipeline.core.schema import open_database
from pipeline.web.writer import NotWrittenError, Writer
from subscribers.tables import exports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.core.database import Database

NOW = text("INSERT INTO exports (at, who, what) VALUES (CURRENT_TIMESTAMP, :who, '')")


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    made = Writer(database)
    yield made
    made.close()


def put(who: str) -> object:
    def work(connection: Connection) -> str:
        connection.execute(NOW, {"who": who})
        return who

    return work


def written(database: Database) -> int | None:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(exports))


def test_every_one_of_many_is_answered_with_its_own_result(database: Database, writer: Writer) -> None:
    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(writer.run(put(str(n))) for n in range(300)))  # type: ignore[arg-type]

    assert asyncio.run(all_at_once()) == [str(n) for n in range(300)]
    assert written(database) == 300


def test_one_that_fails_spoils_nothing_for_the_others(database: Database, writer: Writer) -> None:
    def broken(connection: Connection) -> None:
        connection.execute(NOW, {"who": "half done"})
        raise LookupError("mine alone")

    def refused(connection: Connection) -> None:
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    async def all_at_once() -> list[object]:
        works = [put("a"), broken, put("b"), refused, put("c")]
        return await asyncio.gather(*(writer.run(work) for work in works), return_exceptions=True)  # type: ignore[arg-type]

    a, lost, b, unwritten, c = asyncio.run(all_at_once())
    assert (a, b, c) == ("a", "b", "c")
    assert isinstance(lost, LookupError)
    assert isinstance(unwritten, NotWrittenError)
    assert written(database) == 3


def test_an_answer_means_committed(database: Database, writer: Writer) -> None:
    async def one() -> int | None:
        await writer.run(put("a"))  # type: ignore[arg-type]
        return written(database)

    assert asyncio.run(one()) == 1


def test_a_locked_database_fails_all_that_wait_at_once_and_none_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 0.1)
    database = open_database(f"sqlite:///{tmp_path / 'rapport.db'}")
    writer, tried = Writer(database), []

    def work(connection: Connection) -> None:
        tried.append(1)

    async def all_at_once() -> list[object]:
        return await asyncio.gather(*(writer.run(work) for _ in range(20)), return_exceptions=True)

    with database.write():
        answers = asyncio.run(all_at_once())
    writer.close()
    database.close()
    assert {type(answer) for answer in answers} == {NotWrittenError}
    assert tried == []
