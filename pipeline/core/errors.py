"""The one family of errors a person may see: what, where, and the remedy."""

from pipeline.core.logs import redacted


class RapportError(Exception):
    """Something could not be done (exit status 1).

    ``message`` says what and where, ``remedy`` what to do about it. Neither may hold a subscriber's
    address or a token: both end in logs.
    """

    code = "failed"
    exit_status = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


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
    """Told to stop by a signal: what was under way is ended, the rest waits."""

    code = "stopped"

    def __init__(self, message: str, remedy: str, signal: int) -> None:
        super().__init__(message, remedy)
        self.exit_status = 128 + signal


class BusyError(RapportError):
    """Another process is at this digest."""

    code = "busy"


def understood(error: Exception) -> RapportError:
    """Any exception as one that a person can act on."""
    if isinstance(error, RapportError):
        return error
    if hasattr(error, "remedy"):  # the ground floor's own errors, which know nothing of this module
        told = RapportError(str(error), error.remedy)
        told.code = getattr(error, "code", told.code)
        return told
    if type(error).__module__.startswith("sqlalchemy"):
        told = RapportError(*_of_database(error))
        told.code = "database"
        return told
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        told = RapportError(f"{error.strerror or error}{where}.", "Check the disk and the permissions.")
        told.code = "system"
        return told
    told = RapportError(
        redacted(f"{type(error).__name__}: {error}"),
        "This is a fault of Rapport: run again with --verbose and report what it prints.",
    )
    told.code = "unexpected"
    return told


def _of_database(error: Exception) -> tuple[str, str]:
    # The statement and its values stay out of it: they hold addresses.
    cause = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    if "was moved" in cause:
        return (
            "This database takes nothing more: everything in it was moved to another, or is being moved.",
            "Set database.url to that one, and restart whatever still uses this.",
        )
    if "disk is full" in cause or "No space left" in cause:
        return "The disk is full: the database took nothing more.", "Free some space and run it again."
    if "locked" in cause:
        return "The database stayed locked by another process.", "Wait for it to end and run it again."
    if "readonly" in cause:
        return "The database may not be written.", "Check the permissions of its file and folder."
    if "unique" in cause.lower():
        cause = "another process wrote the same thing first"
    return f"The database refused: {cause.rstrip('.')}.", "Nothing was half done; run it again."
