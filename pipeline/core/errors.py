"""The pipeline's errors, one family with those of subscribers/: what, where, and the remedy."""

from pipeline.core.logs import redacted
from pipeline.core.words import sentence
from subscribers.errors import RapportError

__all__ = [
    "BusyError",
    "ConfigError",
    "FeedError",
    "ImageError",
    "LetterError",
    "ProviderError",
    "RapportError",
    "StoppedError",
    "UsageError",
    "as_rapport_error",
]


class ConfigError(RapportError):
    """The configuration cannot be used (exit status 2)."""

    code = "configuration"
    exit_status = 2


class UsageError(RapportError):
    """The command was called wrongly (exit status 2)."""

    code = "usage"
    exit_status = 2


class FeedError(RapportError):
    """A feed could not be fetched or read; other feeds go on."""

    code = "feed"


class ImageError(RapportError):
    """An image could not be fetched or read; the letter goes without it."""

    code = "image"


class LetterError(RapportError):
    """A template or MJML does not make a letter; names file and line."""

    code = "letter"


class ProviderError(RapportError):
    """The provider cannot be used at all: key refused, folder not writable."""

    code = "provider"


class StoppedError(RapportError):
    """A signal asked to stop: what was under way is finished, the rest waits."""

    code = "stopped"

    def __init__(self, message: str, remedy: str, signal: int) -> None:
        super().__init__(message, remedy)
        self.exit_status = 128 + signal


class BusyError(RapportError):
    """Another process holds the lock, mostly a digest's."""

    code = "busy"


def as_rapport_error(error: Exception) -> RapportError:
    """Translate any exception into one of the family: what, where, and the remedy."""
    if isinstance(error, RapportError):
        return error
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return RapportError(
            sentence(f"{error.strerror or error}{where}"),
            "Check the disk and the permissions.",
            code="system",
        )
    # Here and not above: start-up stays light.
    import sqlite3

    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, SQLAlchemyError | sqlite3.Error):
        from pipeline.core.database_errors import explained

        return RapportError(*explained(error), code="database")
    return RapportError(
        redacted(f"{type(error).__name__}: {error}"),
        "This is a fault of Rapport: run again with --verbose and report what it prints.",
        code="unexpected",
    )
