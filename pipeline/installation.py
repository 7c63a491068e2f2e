"""One installation, opened: its configuration, database and secrets, as every command needs them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.database import Database, open_database
from pipeline.errors import ConfigError
from pipeline.settings import load
from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from pipeline.config import Config
    from subscribers.tokens import Tokens


@dataclass
class Installation:
    """What `rapport.toml` and the environment describe. ``folder`` is where relative paths start."""

    config: Config
    folder: Path
    database: Database

    @classmethod
    def open(cls, path: Path | None = None) -> Installation:
        """Raises ConfigError or RapportError with the remedy when it cannot be opened."""
        config, folder = load(path)
        return cls(config, folder, open_database(database_url(config, folder)))

    @property
    def templates(self) -> Path | None:
        """The operator's own templates, looked in before ours."""
        own = self.config.theme.templates
        return self.folder / own if own else None

    @cached_property
    def tokens(self) -> Tokens:
        """What signs the links: $RAPPORT_SECRET, on the embedded default a file beside the database."""
        from subscribers.tokens import Tokens, load_secrets

        path = self.database.path
        beside = path.with_name("rapport.secret") if path else None
        try:
            return Tokens(load_secrets(os.environ.get("RAPPORT_SECRET"), beside))
        except SubscriberError as error:
            raise ConfigError(error.message, error.remedy) from None

    def __enter__(self) -> Installation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()


def database_url(config: Config, folder: Path) -> str:
    """The database's URL with a relative SQLite path taken from the configuration's folder."""
    from pathlib import Path

    scheme, _, path = config.database.url.partition("sqlite:///")
    if scheme == "" and path and not Path(path).is_absolute() and path != ":memory:":
        return f"sqlite:///{folder / path}"
    return config.database.url
