"""The operator's mail server: connected and logged in to as for a letter, and left again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.environment import SMTP_PASSWORD
from pipeline.core.finding import error, ok, warning
from pipeline.core.words import sentence
from pipeline.doctor.context import SECONDS
from pipeline.providers.choice import smtp_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context


def server(context: Context) -> Iterator[Finding]:
    if context.config.delivery.provider != "smtp":
        return
    from pipeline.core.private_networks import addresses, is_public
    from pipeline.providers.smtp.batch import Halt
    from pipeline.providers.smtp.connection import connect

    settings = context.config.delivery.smtp
    where = f"{settings.host}, port {settings.port}"
    try:
        connection = connect(smtp_server(settings, SECONDS))
    except Halt as halt:
        yield error(
            "smtp.server",
            sentence(f"{where} is not ready for letters: {halt.reason}"),
            halt.remedy or f"Check [delivery.smtp], and {SMTP_PASSWORD} for the login.",
        )
        return
    connection.leave()
    if settings.security == "none" and any(is_public(one) for one in addresses(settings.host, settings.port)):
        yield warning(
            "smtp.server",
            f"Letters, and whom they are for, travel unencrypted to {where}.",
            'Set security under [delivery.smtp] in rapport.toml: "starttls" (port 587) or "tls" (port 465).',
        )
    else:
        logged = ", logged in" if settings.username else ""
        yield ok("smtp.server", f"{where} takes letters ({settings.security}{logged}).")


CHECKS = (server,)
