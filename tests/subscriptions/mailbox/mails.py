"""Mails for the tests, as they arrive."""

from __future__ import annotations

from email.message import EmailMessage


def mail(sender: str, subject: str = "", text: str = "", **headers: str) -> bytes:
    """A mail; ``headers`` with _ for -."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "leave@letter.example.org"
    if subject:
        message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return bytes(message)
