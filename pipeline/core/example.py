"""The packaged rapport.toml: which of its values are each operator's own to give, and which are still there.

A line of it whose remark begins with "yours:" holds a value that must not reach readers: it is made up. One
with "yours," holds a value that may be right for many, such as a time zone. The file alone says which; no
list of them stands anywhere else.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize
from urllib.parse import urlsplit

from pydantic import BaseModel

from pipeline.core.environment import CONFIG_FILE
from pipeline.core.errors import ConfigError
from pipeline.core.private_networks import is_loopback
from pipeline.core.settings import dotted
from pipeline.core.templates import PACKAGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.config import Config, Keys
    from pipeline.core.sections.delivery import Delivery

ADDRESSES = (("newsletter", "from_email"), ("newsletter", "public_url"), ("feeds", "url"))
"""What is at example.org, for which no provider can send (RFC 2606). Only a mail server on this machine may
know better, such as a relay that writes senders anew, or a stand-in for trying things out: for that one, and
for the outbox, they are no matter. What a letter says to its readers always is one."""

TABLE = re.compile(r"\[{1,2}([\w.]+)\]{1,2}(?:\s+#.*)?")
LINE = re.compile(
    r'(?P<off># )?(?P<key>\w+) = (?P<value>"[^"]*"|\[[^\]]*\]|[^\s"\[]+)(?:\s+# (?P<remark>.*))?'
)
"""A key of the packaged file, be it set or commented out."""


class Own(NamedTuple):
    """A value of the packaged file that is an operator's own to give."""

    table: str
    key: str
    value: str


class Left(NamedTuple):
    """A value of a configuration that is still the packaged file's."""

    key: str
    """As errors name it: newsletter.postal_address."""
    value: str
    place: str
    """Where it is written: rapport.toml:12, or an environment variable."""
    refused: bool
    """Whether no mail to readers may go out with it."""

    @property
    def message(self) -> str:
        return f"{self.place}: {self.key} is still the example's, “{self.value}”."

    @property
    def remedy(self) -> str:
        return "Write your own there."


@cache
def own_values() -> tuple[Own, ...]:
    """The made-up values of the packaged file."""
    return tuple(_marked((PACKAGED / CONFIG_FILE).read_text(encoding="utf-8")))


def _marked(text: str) -> Iterator[Own]:
    table = ""
    for line in text.splitlines():
        if match := TABLE.fullmatch(line):
            table = match[1]
        elif (match := LINE.fullmatch(line)) and (match["remark"] or "").startswith("yours:"):
            value = tomllib.loads(f"value = {match['value']}")["value"]
            yield Own(table, match["key"], value)


def left(config: Config) -> list[Left]:
    """The values of a configuration that are the packaged file's, however they are spelt."""
    remote = config.mails and not _is_local(config.delivery)
    found = []
    for own in own_values():
        if (own.table, own.key) in ADDRESSES and not remote:
            continue
        for keys, value in _texts(getattr(config, own.table), (own.table,)):
            if keys[-1] == own.key and _is_example(value, own.value):
                found.append(Left(dotted(keys), value.strip(), config.place(keys), refused=config.mails))
    return found


def must_be_own(config: Config) -> None:
    """Raise ConfigError, with every file and line, when mail to readers would hold an example's value."""
    if refused := [one for one in left(config) if one.refused]:
        raise ConfigError("\n".join(one.message for one in refused), refused[0].remedy)


def _texts(holder: object, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """Every text below a table of the configuration, with the keys that lead to it."""
    if isinstance(holder, str):
        yield keys, holder
    elif isinstance(holder, BaseModel):
        for key in type(holder).model_fields:
            yield from _texts(getattr(holder, key), (*keys, key))
    elif isinstance(holder, list):
        for number, one in enumerate(holder):
            yield from _texts(one, (*keys, number))


def _is_example(value: str, example: str) -> bool:
    """Whether a value is the example's, or some words of it; one that says more may be somebody's own."""
    mine, its = _folded(value), _folded(example)
    return mine == its or (mine.count(" ") > 1 and f" {mine} " in f" {its} ")


def _folded(value: str) -> str:
    """A value without case, signs, and what means the same in an address."""
    plain = normalize("NFKC", value).casefold()
    if "://" in plain:
        parts = urlsplit(plain)
        return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}"
    words = [word.strip(".") for word in re.sub(r"[^\w@.]+", " ", plain).split()]
    return " ".join("street" if word in ("st", "str") else word for word in words)


def _is_local(delivery: Delivery) -> bool:
    """Whether mail is handed to a server on this machine."""
    smtp = delivery.provider == "smtp"
    host = delivery.smtp.host if smtp else urlsplit(delivery.sendgrid.api_url).hostname or ""
    return is_loopback(host)
