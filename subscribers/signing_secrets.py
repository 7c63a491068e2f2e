"""The secrets that sign links: named in the environment, or kept in a file beside the database."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "RAPPORT_SECRET"
"""The environment variable that holds them: several with commas between, the newest first."""

FILE = "rapport.secret"
"""The file beside the embedded default's database, which holds one or several in the same form."""

SHORTEST = 16

_REMEDY = (
    f"Make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'` and set ${VARIABLE} "
    "to it; keep older ones behind it, separated by commas, for the links already mailed."
)


def secret_file(database: Path | None) -> Path | None:
    """The file beside a database's file; None for a database that is no file."""
    return database.with_name(FILE) if database else None


def load_secrets(environment: Mapping[str, str], file: Path | None) -> list[bytes]:
    """The secrets, the newest first: those of the environment, then those of ``file``.

    The file is made when neither has one. Once the environment names a secret the file's still counts as
    the oldest: the links it signed must go on working until somebody deletes it on purpose.
    """
    if known := known_secrets(environment, file):
        return known
    if file is None:
        raise SubscriberError(
            f"${VARIABLE}, which signs the links in mails, is not set.", _REMEDY, code="secret"
        )
    try:
        _create(file)
    except OSError as error:
        raise _unreadable(file, error) from None
    return kept_secrets(file)


def known_secrets(environment: Mapping[str, str], file: Path | None) -> list[bytes]:
    """The same without making one: none, where there is none."""
    named = named_secrets(environment)
    return named + [secret for secret in kept_secrets(file) if secret not in named]


def named_secrets(environment: Mapping[str, str]) -> list[bytes]:
    """Those that the environment names."""
    return _split(environment.get(VARIABLE, ""), f"${VARIABLE}")


def kept_secrets(file: Path | None) -> list[bytes]:
    """Those that ``file`` holds; none where there is no file."""
    try:
        return _read_private(file) if file is not None and file.exists() else []
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path | None, error: OSError) -> SubscriberError:
    return SubscriberError(
        f"The secret in {file} cannot be read or made: {error.strerror}.",
        f"Make the folder writable for the user Rapport runs as, or set ${VARIABLE} instead.",
        code="secret",
    )


def _split(value: str, where: str) -> list[bytes]:
    found = [part.strip() for part in value.split(",")]
    found = [part for part in found if part]
    for number, part in enumerate(found, start=1):
        if len(part) < SHORTEST:
            raise SubscriberError(
                f"Secret number {number} of {where} is shorter than {SHORTEST} characters.",
                _REMEDY,
                code="secret",
            )
    return [part.encode() for part in found]


def _create(file: Path) -> None:
    # Here and not above: start-up asks this module for names only.
    import secrets
    import tempfile

    from subscribers.files import put

    # It is written whole under another name and then renamed: of two processes one wins, and neither reads
    # half a secret. It is on the disk before the first letter leaves: else a power cut would kill that
    # letter's links.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):  # the other one won
            put(Path(name), file)
    finally:
        Path(name).unlink(missing_ok=True)


def _read_private(file: Path) -> list[bytes]:
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    found = _split(file.read_text(encoding="utf-8", errors="surrogateescape"), str(file))
    if not found:
        # Not replaced: the links of earlier letters would silently stop working.
        raise SubscriberError(
            f"{file}, which holds the secret that signs links, is empty.",
            "Bring it back from a backup; or delete it, and links mailed before stop working.",
            code="secret",
        )
    return found
