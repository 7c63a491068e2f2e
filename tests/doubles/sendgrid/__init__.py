"""A strict SendGrid on loopback: real HTTP, and every documented rule of `POST /v3/mail/send`.

    with StrictSendGrid() as server:
        ...                       # send to server.url with the key server.key
        server.deliveries         # what each person would receive
        server.requests, server.connections, server.attempts

It takes nothing for granted that is not documented: headers are not substituted, a personalization's headers
stand in for the request's and do not merge with them, substitutions reach subject, reply-to and content only.
Faults are queued, one a request: `server.faults.append(Hang(accept=True))`.

Its suppression lists are `server.lists`, what it says of the account is `server.account`; `EventWebhook`
signs posts as SendGrid does.

Sources: SendGrid's OpenAPI description (twilio/sendgrid-oai), the API docs' pages mail-send/limitations and
mail-send/errors, and what the real API was seen to answer in the issues of its client libraries.
"""

from tests.doubles.sendgrid.deliveries import Delivery
from tests.doubles.sendgrid.faults import Answer, CloseAfter, Hang, Normal, Raw, Reset, Slow, Trickle
from tests.doubles.sendgrid.server import StrictSendGrid
from tests.doubles.sendgrid.webhook import EventWebhook, body_of

__all__ = [
    "Answer",
    "CloseAfter",
    "Delivery",
    "EventWebhook",
    "Hang",
    "Normal",
    "Raw",
    "Reset",
    "Slow",
    "StrictSendGrid",
    "Trickle",
    "body_of",
]
