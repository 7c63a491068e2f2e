"""SendGrid, `POST /v3/mail/send`, through the `sendgrid` package with its traps closed.

`request.py` builds what is sent; `http.py` sends it and knows whether all of it left; `client.py` makes the
package send by `http.py`; `answer.py` says what became of the batch. What SendGrid says later is read by
`signature.py` and `webhook.py` (the Event Webhook) and `suppressions.py` (the lists it keeps itself).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.providers import BatchResult, Result
from pipeline.providers.sendgrid import answer, request

if TYPE_CHECKING:
    from pipeline.providers import Batch, Message


class SendGrid:
    """A Provider over one kept connection, for one thread."""

    max_batch = request.MAX_BATCH

    def __init__(self, *, api_key: str, api_url: str, timeout: float) -> None:
        # Here and not above: the package pulls in cryptography and werkzeug, and start-up stays light.
        from pipeline.providers.sendgrid import client, http

        self._key = client.checked(api_key)
        self._connection = http.Connection(api_url, timeout)
        self._api = client.connect(self._key, api_url.rstrip("/"), self._connection)

    def send(self, message: Message, batch: Batch) -> BatchResult:
        """Hand one batch over."""
        from pipeline.providers.sendgrid import client, http

        payload = request.build(message, batch)
        self._connection.start_by = batch.start_by
        try:
            response = client.send(self._api, payload)
        except http.NotSent as error:
            return BatchResult(Result.REFUSED, str(error))
        except http.NoAnswer as error:
            return BatchResult(Result.UNCERTAIN, str(error))
        return answer.judge(response.status_code, response.headers, response.body, batch, self._key)

    def settle(self, message: Message, batch: Batch) -> None:
        """It cannot be known: SendGrid has no request key, only events that name the batch."""

    def close(self) -> None:
        """Close the connection; the next `send` opens another."""
        self._connection.close()
