"""The outbox: a folder of .eml files, one a recipient. The embedded default; nothing leaves the machine."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

from pipeline.core.errors import ProviderError
from pipeline.providers import Batch, BatchResult, Message, Recipient, Result
from pipeline.providers.eml import UnmailableError, compose
from subscribers import clock, private

if TYPE_CHECKING:
    from pathlib import Path


def letters(folder: Path, edition: str) -> list[Path]:
    """The letters of an edition in an outbox, without copies to staff."""
    return sorted(folder.glob(f"{_start(edition)}-[0-9]*.eml"))


def _start(edition: str) -> str:
    digest, _, number = edition.rpartition("-")
    return f"{digest}-{int(number):06d}"


class Outbox:
    """Writes files whose names tell edition and subscriber, so that none is written twice, and sort."""

    # Small groups: after a kill, little must be looked for.
    max_batch = 20
    parallel = 1

    def __init__(self, folder: Path) -> None:
        """Raises ProviderError when the folder cannot be made."""
        self.folder = folder
        try:
            # It tells who reads a letter on mental health.
            private.make_folder(folder)
        except OSError as error:
            raise ProviderError(
                f"The outbox {folder} cannot be made: {error.strerror}.", "Set delivery.outbox."
            ) from None

    def send(self, message: Message, batch: Batch) -> BatchResult:
        for recipient in batch.recipients:
            file = self._file(message, recipient)
            if file.exists():
                continue
            if batch.late:
                return BatchResult(Result.REFUSED, "too much time went by before it could be written")
            try:
                self._write(file, compose(message, recipient, clock.now()))
            except OSError as error:
                # Files that were written are recognised later; the rest of the batch is surely not handed
                # over.
                return BatchResult(Result.STOP, f"the outbox cannot be written: {error.strerror}")
            except UnmailableError:
                reason = "no valid header can be made of the address"
                return BatchResult(Result.REJECTED, reason, rejected={recipient.subscriber: reason})
            except ValueError as error:
                return BatchResult(Result.STOP, f"no valid message can be made ({type(error).__name__})")
        self._to_disk()
        return BatchResult(Result.ACCEPTED)

    def settle(self, message: Message, batch: Batch) -> frozenset[int]:
        written = (r.subscriber for r in batch.recipients if self._file(message, r).exists())
        return frozenset(written)

    def close(self) -> None:
        pass

    def _file(self, message: Message, recipient: Recipient) -> Path:
        # The name holds a hash of the content: a file that another database's weekly-1 left is not this one
        # (and subscriber 1 of a new list is somebody else).
        told = f"{recipient.address}\n{message.subject}\n{message.html}"
        content = hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
        person = f"{recipient.subscriber:010d}" if recipient.subscriber else f"test-{time.time_ns()}"
        return self.folder / f"{_start(message.edition)}-{person}-{content}.eml"

    def _to_disk(self) -> None:
        # The names, too: after a power cut no row of the ledger may be without its file.
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @staticmethod
    def _write(file: Path, content: bytes) -> None:
        # The name appears only when the whole content is on the disk.
        unfinished = file.with_suffix(".part")
        with open(unfinished, "wb", opener=private.opener) as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
