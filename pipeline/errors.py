"""The one family of errors a person may see: what, where, and the remedy."""


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


class LetterError(RapportError):
    """A template or MJML does not make a letter; names file and line."""

    code = "letter"


class ProviderError(RapportError):
    """The provider cannot be used at all: key refused, folder not writable."""

    code = "provider"


class BusyError(RapportError):
    """Another process is at this digest."""

    code = "busy"
