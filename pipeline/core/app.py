"""An opened installation: the configuration, database and secrets that every command needs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.core.errors import ConfigError
from pipeline.core.schema import open_database
from pipeline.core.settings import load, sqlite_file
from pipeline.core.templates import Templates
from subscribers.errors import SubscriberError
from subscribers.signing_secrets import load_secrets, secret_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import URL

    from pipeline.core.config import Config
    from pipeline.core.database import Database
    from subscribers.tokens import Tokens


@dataclass
class Installation:
    """What `rapport.toml` and the environment describe. ``folder`` is where relative paths start."""

    config: Config
    folder: Path
    database: Database

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def open(cls, path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Installation:
        """Raises ConfigError or RapportError with the remedy when it cannot be opened."""
        return cls.of(*load(path, environment), environment)

    @classmethod
    def of(cls, config: Config, folder: Path, environment: Mapping[str, str] = os.environ) -> Installation:
        """The installation of a configuration that was read already; raises as ``open`` does."""
        return cls(config, folder, open_database(database_url(config, folder)), environment)

    @property
    def templates(self) -> Templates:
        """The operator's templates and ours. Raises ConfigError where theme.templates names no folder."""
        return Templates.of(self.config, self.folder)

    @property
    def secret_file(self) -> Path | None:
        """The file in which the embedded default keeps its secret; None on PostgreSQL."""
        return secret_file(self.database.path)

    @cached_property
    def tokens(self) -> Tokens:
        """Signs links, with $RAPPORT_SECRET; on the embedded default with the file beside the database."""
        from subscribers.tokens import Tokens

        try:
            return Tokens(load_secrets(self.environment, self.secret_file))
        except SubscriberError as error:
            raise ConfigError(error.message, error.remedy) from None

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()


def database_url(config: Config, folder: Path) -> URL | str:
    """The database's URL with a relative SQLite path taken from the configuration's folder."""
    return rooted(config.database.url, folder)


def rooted(url: str, folder: Path) -> URL | str:
    """A database's URL with a relative SQLite path taken from that folder."""
    from sqlalchemy import URL

    file = sqlite_file(url, folder)
    return URL.create("sqlite", database=str(file)) if file is not None else url
