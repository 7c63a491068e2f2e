"""SendGrid, `POST /v3/mail/send`, through the `sendgrid` package with its traps closed.

`request.py` builds what is sent; `../http.py` sends it and knows whether all of it left; `client.py` makes
the package send by it; `answer.py` says what became of the batch. What SendGrid says later is read by
`signature.py` and `webhook.py` (the Event Webhook) and `suppressions.py` (the lists it keeps itself).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pipeline.providers import BatchResult, Result
from pipeline.providers.sendgrid import answer, request

if TYPE_CHECKING:
    from pipeline.providers import Batch, Message
    from pipeline.providers.http import Connection


class SendGrid:
    """A Provider over kept connections, one for each batch that is under way."""

    max_batch = request.MAX_BATCH

    def __init__(self, *, api_key: str, api_url: str, timeout: float, connections: int = 1) -> None:
        # Here and not above: the package pulls in cryptography and werkzeug, and start-up stays light.
        from pipeline.providers.sendgrid import client

        self.parallel = connections
        self._key = client.checked(api_key)
        self._url = api_url
        self._timeout = timeout
        self._idle: deque[tuple[Connection, Any]] = deque([self._opened()])

    def send(self, message: Message, batch: Batch) -> BatchResult:
        """Hand one batch over."""
        from pipeline.providers import http
        from pipeline.providers.sendgrid import client

        payload = request.build(message, batch)
        connection, api = self._taken()
        connection.start_by = batch.start_by
        try:
            response = client.send(api, payload)
        except http.NotSent as error:
            return BatchResult(Result.REFUSED, str(error))
        except http.NoAnswer as error:
            return BatchResult(Result.UNCERTAIN, str(error))
        finally:
            self._idle.append((connection, api))
        return answer.judge(response.status_code, response.headers, response.body, batch, self._key)

    def settle(self, message: Message, batch: Batch) -> None:
        """It cannot be known: SendGrid has no request key, only events that name the batch."""

    def close(self) -> None:
        """Close the connections; the next `send` opens another."""
        for connection, _ in tuple(self._idle):
            connection.close()

    def _taken(self) -> tuple[Connection, Any]:
        """The connection that was used last, which is the least likely to have been closed meanwhile."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def _opened(self) -> tuple[Connection, Any]:
        """A connection and the package's client over it; the first request connects."""
        from pipeline.providers.sendgrid import client

        connection = client.connection_to(self._url, self._timeout)
        return connection, client.connect(self._key, self._url.rstrip("/"), connection)
