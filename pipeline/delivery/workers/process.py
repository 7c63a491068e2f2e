"""A worker's process: takes jobs from the queue until it is told to end, whatever happens to the database."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from psycopg_pool import AsyncConnectionPool

from pipeline.core.database import IDLE_LIMIT
from pipeline.core.signals import Stop
from pipeline.delivery.workers.jobs import look_after, work_on
from pipeline.editions.ledger.queue import QUEUE, TASK
from pipeline.providers.choice import provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

HEARTBEAT = 5.0
SILENCE = 20.0
"""Seconds without a heartbeat after which a worker counts as gone, and its jobs with it."""

CARE = "* * * * * */10"
"""When `look_after` runs, as a cron line of procrastinate: the sixth field is seconds."""

PAUSE = 2.0
"""Seconds between two attempts while the database cannot be reached."""

log = logging.getLogger(__name__)


def run(installation: Installation, working: Callable[[], None]) -> None:
    """Work until SIGINT or SIGTERM, then end after the batch in flight. A second SIGINT ends at once.

    ``working`` is called when the work begins. Raises ConfigError or ProviderError when no letter could be
    handed over.
    """
    installation.tokens  # noqa: B018  without a secret nothing can be signed
    provider(installation.config, installation.folder).close()
    for name in ("procrastinate", "psycopg.pool"):  # they would log a trace where one line is enough
        theirs = logging.getLogger(name)
        theirs.addHandler(logging.NullHandler())
        theirs.propagate = False
    asyncio.run(_serve_queue(installation, working))


async def _serve_queue(installation: Installation, working: Callable[[], None]) -> None:
    stop, told = Stop(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_queue_error)

    def on_signal(number: int) -> None:
        if stop() and number == signal.SIGINT:
            os.kill(os.getpid(), signal.SIGKILL)  # a thread cannot be interrupted, and the ledger survives it
        stop.ask(number)
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)
    working()
    while not told.is_set():
        async with AsyncConnectionPool(**_pool(installation.database)) as pool:
            await _work(_app(installation, stop), pool, told)
        if not told.is_set():
            log.warning("The queue in %s could not be read; trying again.", installation.database.name)
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), PAUSE)


async def _work(app: App, pool: AsyncConnectionPool, told: asyncio.Event) -> None:
    """Take jobs until told to end. procrastinate's worker ends by itself when it loses the database, or when
    it slept for so long that others count it as gone."""
    async with app.open_async(pool):
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                delete_jobs="always",  # the ledger says what became of an edition
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=SILENCE,
            )
        )
        telling = asyncio.create_task(told.wait())
        await asyncio.wait([working, telling], return_when=asyncio.FIRST_COMPLETED)
        telling.cancel()
        working.cancel()  # procrastinate then ends the job under way and takes no other
        await asyncio.wait([working])
        if not working.cancelled() and working.exception() is not None:
            log.info("the queue failed", exc_info=working.exception())


def _app(installation: Installation, stop: Stop) -> App:
    """The queue, and the functions that do its jobs."""
    app = App(connector=PsycopgConnector())

    @app.task(name=TASK, queue=QUEUE)
    def work(edition: int, failures: int = 0) -> None:
        work_on(installation, edition, failures, stop)

    # Before all other jobs, because it finds the lost ones. Its queueing lock lets one at a time wait.
    @app.periodic(cron=CARE)
    @app.task(name="look_after", queue=QUEUE, queueing_lock="look_after", priority=10)
    async def care(timestamp: int) -> None:
        await _remove_lost_jobs(app)
        await asyncio.to_thread(look_after, installation.database)

    return app


async def _remove_lost_jobs(app: App) -> None:
    """Remove the jobs of workers that are gone: they would be under way for ever."""
    for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=SILENCE):
        try:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        except ConnectorException:
            log.info("job %s ended after it was counted as lost", job.id)


def _pool(database: Database) -> dict[str, Any]:
    _, given = database.engine.dialect.create_connect_args(database.url)
    given.pop("context", None)  # SQLAlchemy's own conversions

    async def configure(connection: AsyncConnection) -> None:
        await connection.execute(f"SET idle_in_transaction_session_timeout = {int(IDLE_LIMIT * 1000)}")
        await connection.commit()

    return {
        "kwargs": given,
        "configure": configure,
        "check": AsyncConnectionPool.check_connection,
        "min_size": 1,
        "max_size": 4,
        "timeout": 10.0,
        "open": False,
    }


def _log_queue_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # The job of a worker that counted as gone, but lived on, is no longer there when it ends.
    log.info("%s", context.get("message"), exc_info=context.get("exception"))
