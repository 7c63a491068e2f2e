"""What could not be done on the ground floor: said to a person, with the remedy."""


class SubscriberError(Exception):
    """Something about subscribers could not be done.

    ``message`` says what and where, ``remedy`` what to do about it. Neither may hold an address, a token
    or a secret: both end in logs.
    """

    def __init__(self, message: str, remedy: str = "", *, code: str = "subscriber") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code
