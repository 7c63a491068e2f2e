"""The base of all errors that a person may see: what happened, where, and the remedy.

It stands on the ground floor so that both floors raise errors of one family; `pipeline/core/errors.py` has
the pipeline's.
"""


class RapportError(Exception):
    """Something could not be done (exit status 1).

    ``message`` says what and where, ``remedy`` what to do about it. Neither may hold a subscriber's address,
    a token or a secret: both end in logs. ``code`` tells programs what kind of error it is.
    """

    code = "failed"
    exit_status = 1

    def __init__(self, message: str, remedy: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code:
            self.code = code


class SubscriberError(RapportError):
    """Something about subscribers could not be done."""

    code = "subscriber"
