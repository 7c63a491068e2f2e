"""What the checks examine: an installation as far as it can be opened, and what several of them ask about."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipeline.core.app import database_url
from pipeline.core.database import Database
from pipeline.core.environment import secrets_in
from pipeline.core.errors import ConfigError, RapportError, as_rapport_error
from pipeline.doctor.dns import Resolver
from pipeline.providers.choice import sendgrid_account
from subscribers.signing_secrets import load_secrets, named_secrets, secret_file
from subscribers.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.core.finding import Finding
    from pipeline.providers.sendgrid.account import Account

SECONDS = 8.0
"""Seconds for one answer of a server."""


@dataclass
class Context:
    """Opening it changes nothing: no database is made or upgraded, and no secret is made.

    ``database`` is None where there is none to open; ``database_fault`` says why, if that is an error.
    Likewise ``tokens`` and ``tokens_fault``. ``secret_mode`` is the mode of the file beside the database.
    """

    config: Config
    folder: Path
    environment: Mapping[str, str]
    resolver: Resolver
    database: Database | None = None
    database_fault: RapportError | None = None
    tokens: Tokens | None = None
    tokens_fault: RapportError | None = None
    secret_file: Path | None = None
    secret_mode: int | None = None
    _secrets: tuple[str, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _domains: list[dict[str, Any]] | Exception | None = None

    @classmethod
    def open(cls, config: Config, folder: Path, environment: Mapping[str, str]) -> Context:
        opened = cls(config, folder, environment, Resolver(config.doctor.resolver.strip()))
        opened._open_database()
        opened._load_secrets()
        opened._secrets += tuple(secrets_in(environment))
        return opened

    @property
    def mails(self) -> bool:
        """Whether letters leave this machine."""
        return self.config.mails

    @property
    def serves(self) -> bool:
        """Whether letters link to pages of `rapport serve` that others can reach."""
        return bool(self.config.newsletter.public_url) and not self.config.delivery.hosted_unsubscribe

    @property
    def domain(self) -> str:
        """The domain of the sender's address."""
        return self.config.newsletter.from_email.rpartition("@")[2].lower()

    def account(self) -> Account:
        """A new connection to SendGrid's account."""
        return sendgrid_account(self.config, SECONDS)

    def domains(self) -> list[dict[str, Any]]:
        """The account's authenticated domains, requested once. Raises Hidden or ProviderError."""
        with self._lock:
            if self._domains is None:
                try:
                    with self.account() as account:
                        self._domains = account.domains()
                except Exception as error:
                    self._domains = error
        if isinstance(self._domains, Exception):
            raise self._domains
        return self._domains

    def without_secrets(self, finding: Finding) -> Finding:
        """The finding without any secret: an error of a library may have quoted one."""
        message, remedy = finding.message, finding.remedy
        for secret in self._secrets:
            message, remedy = message.replace(secret, "***"), remedy.replace(secret, "***")
        return replace(finding, message=message, remedy=remedy)

    def close(self) -> None:
        if self.database is not None:
            self.database.close()

    def _open_database(self) -> None:
        try:
            database = Database(database_url(self.config, self.folder))
        except RapportError as error:
            self.database_fault = error
            return
        if database.path is not None:
            self.secret_file = secret_file(database.path)
            if not database.path.exists():
                database.close()  # connecting would make it
                return
        self.database = database

    def _load_secrets(self) -> None:
        file = self.secret_file
        try:
            if file is not None and file.exists():
                self.secret_mode = file.stat().st_mode & 0o777
            elif file is not None and not named_secrets(self.environment):
                return  # loading them would make one
            secrets = load_secrets(self.environment, file)
            self._secrets = tuple(secret.decode(errors="surrogateescape") for secret in secrets)
            self.tokens = Tokens(secrets)
        except Exception as error:
            told = as_rapport_error(error)
            self.tokens_fault = ConfigError(told.message, told.remedy)
