"""One installation, opened: its configuration, database and secrets, as every command needs them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.core.errors import ConfigError
from pipeline.core.schema import open_database
from pipeline.core.settings import load
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
        config, folder = load(path, environment)
        return cls(config, folder, open_database(database_url(config, folder)), environment)

    @property
    def templates(self) -> Path | None:
        """The operator's own templates, looked in before ours."""
        return own_templates(self.config, self.folder)

    @property
    def secret_file(self) -> Path | None:
        """Where the embedded default keeps its secret; None on PostgreSQL."""
        return secret_file(self.database.path)

    @cached_property
    def tokens(self) -> Tokens:
        """What signs the links: $RAPPORT_SECRET, on the embedded default a file beside the database."""
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


def own_templates(config: Config, folder: Path) -> Path | None:
    """The folder that theme.templates names, if it names one. Raises ConfigError where there is none."""
    if not config.theme.templates:
        return None
    own = folder / config.theme.templates
    if not own.is_dir():
        raise ConfigError(
            f"theme.templates: there is no folder {own}.", "Make it, or take the key out of the file."
        )
    return own


def database_url(config: Config, folder: Path) -> URL | str:
    """The database's URL with a relative SQLite path taken from the configuration's folder."""
    return rooted(config.database.url, folder)


def rooted(url: str, folder: Path) -> URL | str:
    """A database's URL with a relative SQLite path taken from that folder."""
    from sqlalchemy import URL

    path = url.removeprefix("sqlite:///")
    if path == url or path in ("", ":memory:") or "?" in path:
        return url
    return URL.create("sqlite", database=str(folder / path))
