"""SendGrid, `POST /v3/mail/send`, through the `sendgrid` package with its traps closed.

`request.py` builds what is sent, `wire.py` carries it and knows whether all of it left, `client.py` puts
the one under the other inside the package, `answer.py` says what became of it. What SendGrid says later:
`signature.py` and `webhook.py` for the Event Webhook, `suppressions.py` for the lists it keeps itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.providers import Outcome, Result
from pipeline.providers.sendgrid import answer, request
from pipeline.providers.sendgrid.key import checked

if TYPE_CHECKING:
    from pipeline.providers import Batch, Message


class SendGrid:
    """A Provider over one kept connection. For one thread: give each thread its own."""

    max_batch = request.MAX_BATCH

    def __init__(self, *, api_key: str, api_url: str, timeout: float) -> None:
        api_key = checked(api_key)
        # Here and not above: the package pulls in cryptography and werkzeug, and start-up stays light.
        from pipeline.providers.sendgrid import client, http

        self._wire = http.Wire(api_url, timeout)
        self._api = client.connect(api_key, api_url.rstrip("/"), self._wire)
        self._key = api_key

    def send(self, message: Message, batch: Batch) -> Outcome:
        """Hand one batch over."""
        from pipeline.providers.sendgrid import client, http

        payload = request.build(message, batch)
        self._wire.start_by = batch.start_by
        try:
            response = client.send(self._api, payload)
        except http.NotSent as error:
            return Outcome(Result.REFUSED, str(error))
        except http.NoAnswer as error:
            return Outcome(Result.UNCERTAIN, str(error))
        return answer.judge(response.status_code, response.headers, response.body, batch, self._key)

    def settle(self, message: Message, batch: Batch) -> None:
        """Never known from here: SendGrid has no request key, only events that bear the batch id."""

    def close(self) -> None:
        """Close the connection; the next `send` would open another."""
        self._wire.close()
