"""Reading the configuration: the file first, then the environment, which overrides it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.core.config import Config, Keys
from pipeline.core.environment import CONFIG, CONFIG_FILE
from pipeline.core.errors import ConfigError
from pipeline.core.fields import FromEnvironment
from pipeline.core.phrases import Phrases, known_words, tags_of
from pipeline.core.words import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from pipeline.core.templates import Templates

PREFIX = "RAPPORT_"


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> tuple[Config, Path]:
    """The configuration and the folder that relative paths in it are taken from.

    ``path`` defaults to $RAPPORT_CONFIG, else ./rapport.toml. A key is overridden by the environment
    variable RAPPORT_SECTION__KEY (in a list of tables: RAPPORT_DIGESTS__0__NAME). Raises ConfigError
    that names file, line, key and remedy.
    """
    file = file_of(path, environment)
    named = path or environment.get(CONFIG)
    overrides = dict(_overrides(environment))
    text = _read(file, required=bool(named) or not overrides)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and a number of too many digits
        from pipeline.core.suggest.toml import explained

        raise ConfigError(*explained(file, text, str(error), Config)) from None
    if any(keys[0] == "digests" for keys in overrides):
        data.setdefault("digests", [{"name": "weekly"}])  # the default digest
    for keys, value in overrides.items():
        _put(data, keys, value)
    source = _Source(file, text, tuple(overrides))
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise _explained(error, source) from None
    config._source = source
    folder = file.resolve().parent
    templates = known_words(config, folder)
    offer = config.match.model_copy(update=_offer(config, templates))
    return config.model_copy(update={"match": offer}), folder


def _offer(config: Config, templates: Templates) -> dict[str, str]:
    """What [match] leaves out, in the newsletter's language."""
    left_out = [key for key in ("heading", "text", "button") if key not in config.match.model_fields_set]
    if not left_out or tags_of(config.newsletter.language)[0] == "en":
        return {}
    say = Phrases(templates, "letter", config.newsletter).say
    return {key: say(f"first.{key}") for key in left_out}


def overridden(environment: Mapping[str, str], *keys: str) -> str | None:
    """What the environment says of a key such as "database", "url"; None where it says nothing."""
    return next((str(value) for path, value in _overrides(environment) if path == keys), None)


def sqlite_file(url: str, folder: Path) -> Path | None:
    """The file of a SQLite database, a relative one taken from the folder; None for any other address."""
    path = url.removeprefix("sqlite:///")
    if path == url or path in ("", ":memory:") or "?" in path:
        return None
    return folder / path


def file_of(path: Path | None, environment: Mapping[str, str]) -> Path:
    """The file that the configuration is read from."""
    return path or Path(environment.get(CONFIG) or CONFIG_FILE)


def _read(file: Path, *, required: bool) -> str:
    try:
        content = file.read_bytes()
        if b"\0" in content:  # no text in UTF-8 has it, and all in UTF-16 have
            raise UnicodeDecodeError("utf-8", content, 0, 1, "a zero byte")
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        if not required:
            return ""
        raise ConfigError(
            f"There is no configuration at {file}.",
            f"Make one with `rapport init`, or name it with --config or ${CONFIG}.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        from pipeline.core.suggest.file import unreadable

        raise ConfigError(*unreadable(file, error)) from None


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[Keys, FromEnvironment]]:
    for name in sorted(environment):
        # Without two underscores it is no key of a section: $RAPPORT_SECRET, $RAPPORT_CONFIG.
        if name.startswith(PREFIX) and "__" in name:
            parts = name.removeprefix(PREFIX).lower().split("__")
            yield tuple(int(p) if p.isdigit() else p for p in parts), FromEnvironment(environment[name])


def _put(data: Any, keys: Keys, value: FromEnvironment) -> None:
    *path, last = keys
    for key, following in zip(path, keys[1:], strict=True):
        data = _step(data, key, [] if isinstance(following, int) else {}, keys)
    if isinstance(data, dict):
        data[last] = value
    else:
        raise _misplaced(keys)


def _step(data: Any, key: int | str, empty: Any, keys: Keys) -> Any:
    if isinstance(data, dict) and isinstance(key, str):
        return data.setdefault(key, empty)
    if isinstance(data, list) and isinstance(key, int) and key <= len(data):
        if key == len(data):
            data.append(empty)
        return data[key]
    raise _misplaced(keys)


def _misplaced(keys: Keys) -> ConfigError:
    return ConfigError(
        f"The environment variable {_variable(keys)} fits no key of the configuration.",
        "Write RAPPORT_SECTION__KEY, in a list of tables RAPPORT_DIGESTS__0__NAME with numbers from 0.",
    )


def _variable(keys: Keys) -> str:
    return PREFIX + "__".join(str(key) for key in keys).upper()


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a configuration was read from. All are equal: a configuration is the same wherever it stands."""

    file: Path = field(compare=False)
    text: str = field(compare=False)
    overrides: tuple[Keys, ...] = field(compare=False)
    """The keys that environment variables set."""

    def variable(self, keys: Keys) -> str | None:
        """The environment variable that sets a key, something below it, or a whole list it stands in."""
        for set_ in self.overrides:
            if set_[: len(keys)] == keys or set_ == keys[: len(set_)]:
                return _variable(set_)
        return None

    def place(self, keys: Keys) -> str:
        """The environment variable, or the file with the line, of a key."""
        if keys and (variable := self.variable(keys)):
            return f"environment variable {variable}"
        line = _line(self.text, keys)
        return f"{self.file}:{line}" if line else str(self.file)


def _explained(error: ValidationError, source: _Source) -> ConfigError:
    from pipeline.core.suggest.value import meant_key

    details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    # What is missing because its name is misspelt is told once, by that name.
    meant = [(keys, meant_key(str(keys[-1]), list(_expected(details, keys)))) for keys in unknown]
    misspelt = {(*keys[:-1], name) for keys, name in meant if name}
    problems = [_problem(detail, source) for detail in details if detail["loc"] not in misspelt]
    message = "\n".join(message for message, _ in problems)
    return ConfigError(message, problems[0][1])


def _expected(details: list[ErrorDetails], keys: Keys) -> Iterator[str]:
    """The keys that are missing beside one."""
    for detail in details:
        if detail["type"] == "missing" and detail["loc"][:-1] == keys[:-1]:
            yield str(detail["loc"][-1])


def _problem(detail: ErrorDetails, source: _Source) -> tuple[str, str]:
    from pipeline.core.suggest.value import said_of, unknown_key

    keys = detail["loc"]
    key, where = dotted(keys), source.place(keys)
    place = where if source.variable(keys) and keys else str(source.file)
    if detail["type"] == "extra_forbidden":
        remedy = unknown_key(Config, keys)
        return f"{where}: {key} is not a key Rapport knows. {remedy}", remedy
    if detail["type"] == "missing":
        return f"{where}: {key} is missing.", f"Add {key} to {place}; `rapport init` writes an example."
    return (
        f"{where}: {f'{key}: ' if key else ''}{sentence(said_of(detail))}",
        f"Correct {key or 'it'} in {place}.",
    )


def dotted(keys: Keys) -> str:
    """A key as messages name it: newsletter.name, digests[2].schedule."""
    # People count from one: the second [[digests]] is digests[2].
    return "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")


def _line(text: str, keys: Keys) -> int | None:
    """The number of a key's line, or of its table's if the key is missing; None where that is not clear."""
    seen: dict[str, int] = {}
    names = [key for key in keys if isinstance(key, str)]
    # A number before a name counts tables; one at the end counts the entries of a list.
    place = next((key for key in keys[:-1] if isinstance(key, int)), None)
    table, found = "", None
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            table = match[2]
            seen[table] = seen.get(table, -1) + 1
            if table == ".".join(names) and place in (None, seen[table]):
                return number
        else:
            key = line.partition("=")[0].strip().strip("\"'")
            inside = f"{table}.{key}".lstrip(".") == ".".join(names) if "=" in line else False
            if inside and place in (None, seen.get(table)):
                return number
        if table == ".".join(names[:-1]) and table and place in (None, seen[table]) and found is None:
            found = number
    return found
