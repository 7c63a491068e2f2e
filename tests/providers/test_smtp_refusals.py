"""Whom a mail server's refusal concerns: by the words of real servers."""

from __future__ import annotations

import pytest

from pipeline.providers.smtp.refusals import RATE_REMEDY, US_REMEDY, Concern, concern, remedy_of

US = [
    "554 5.7.1 <a@example.net>: Relay access denied",
    "454 4.7.1 <a@example.net>: Relay access denied",
    "550 relay not permitted",
    "550 Relaying denied. Proper authentication required.",
    "550 5.1.1 Relaying denied",
    "551 we do not relay",
    "551 User not local; please try somewhere else",
    "550 Authentication is required for relay",
    "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "530 5.7.0 Authentication required",
    "530 Must issue a STARTTLS command first",
    "530 no",
    "534 no",
    "535 incorrect",
    "538 no",
    "550 5.1.7 rejected",
    "550 5.1.8 rejected",
    "500 blocked by policy",
    "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "553 sorry, that domain isn't in my list of allowed rcpthosts",
    "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
    "550 5.7.515 Access denied, sending domain does not meet the required authentication level.",
    "554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using zen.spamhaus.org",
    "550 Verification failed for the address No Such User Here Sender verify failed",
    "550 5.1.0 Sender address rejected: User unknown in local recipient table",
    "550 5.1.8 Sender address rejected: Domain not found",
    "550 5.1.0 you are not allowed to send",
    "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
    "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
    "550 SPF check failed",
    "553 5.1.8 letter@example.org... Domain of sender address letter@example.org does not exist",
    "550 5.1.8 Access denied, bad outbound sender",
    "550 Mailbox unavailable or relaying denied",
    "550 Delivery is not allowed to this address.",
    "571 Delivery not authorized, message refused",
    "503 This mail server requires authentication when attempting to send to a non-local e-mail address",
    "550 You must log in first",
    "550 Permission denied",
    "554 5.7.105 Service unavailable; Sender denied",
    "550-5.7.1 [203.0.113.9] Our system has detected that this message is likely unsolicited mail.",
    "550 Administrative prohibition",
    "554 Message refused by policy",
    "554 The message looks like spam",
    "550 5.0.350 remote server returned -> 550 5.7.1 Message rejected.",
    "550 Access denied - Invalid HELO name",
    "550 5.1.1 recipient rejected, see 5.7.1.",
    "550 Account suspended due to abuse",
    "550 Your account has been suspended",
    "554 5.2.0 Outgoing mail suspended for your account",
    "552 5.2.2 Sending quota exceeded for this account",
    "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; SendAsDenied",
    "554 Message rejected: Email address is not verified. The following identities failed the check",
    "550 No outbound mail for unverified domain",
    "550 Not our customer",
    "550 We do not accept mail from you",
]
READER = [
    "550 5.1.1 <a@example.net>: Recipient address rejected: User unknown in relay recipient table",
    "550 5.1.1 User unknown",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
    "550 No Such User Here",
    "550 User unknown in relay recipient table",
    "550 5.1.1 user unknown; relaying denied",
    "550 5.2.1 mail to this mailbox is not allowed",
    "550 no such user",
    "550 sorry, no mailbox here by that name",
    "550 Requested action not taken: mailbox unavailable",
    "552 5.2.2 mailbox full",
    "552 5.2.2 The email account that you tried to reach is over quota",
    "452 4.2.2 over the daily quota of this mailbox",
    "550 5.2.1 disabled for a breach of our policy",
    "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents it",
    "450 4.2.0 <a@example.net>: Recipient address rejected: Greylisted",
    "451 4.7.1 Greylisting in action, please come back later",
]
RATE = [
    "450 4.7.1 Error: too much mail from 127.0.0.1",
    "450 4.7.1 Error: too many recipients from 127.0.0.1",
    "421 4.7.0 mx.example.org Error: too many connections from 127.0.0.1",
    "450 4.7.1 hourly quota exceeded",
    "421 4.7.0 relay.example.org Error: too many connections from 192.0.2.1",
    "421 4.7.28 Gmail has detected an unusual rate of mail from you",
    "454 Throttling failure: Maximum sending rate exceeded.",
    "451 Your message rate is too high: slow down",
    "550 5.4.5 Daily user sending limit exceeded",
]
UNKNOWN = [
    "550 Unrouteable address",
    "554 5.6.0 no",
    "451 temporary local problem",
    "450 4.7.1 try again later",
    "451 4.3.2 relay.example.org is busy",
    "550 <relay@policy.example>: not today",
    "450 4.3.0 policy server is down",
    "552 5.3.4 message size exceeds the limit",
    "550 asked by 192.5.7.1 and 5.7.1.20",
]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (reply, expected)
        for expected, replies in (
            (Concern.US, US),
            (Concern.READER, READER),
            (Concern.RATE, RATE),
            (Concern.UNKNOWN, UNKNOWN),
        )
        for reply in replies
    ],
)
def test_a_refusal_concerns_whom_its_words_say(reply: str, expected: Concern) -> None:
    assert concern(int(reply[:3]), reply[4:]) is expected


def test_staff_are_told_what_they_can_do_about_it() -> None:
    told = {Concern.US: US_REMEDY, Concern.RATE: RATE_REMEDY, Concern.READER: "", Concern.UNKNOWN: ""}
    assert {concerns: remedy_of(concerns) for concerns in Concern} == told
    assert "[delivery.smtp]" in US_REMEDY
    assert "delivery.rate" in RATE_REMEDY
