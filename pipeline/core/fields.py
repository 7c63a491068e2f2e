"""The types of the configuration's fields: each checks a value and says how to write it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator

from pipeline.core.places import known_language, known_zone

_DURATION = re.compile(r"(\d+)\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        from pipeline.core.suggest.duration import duration_meant

        raise ValueError(
            'write a number and a unit: "30m", "12h", "7d" or "2w"' + _ask(duration_meant(value))
        )
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError("that is longer than any letter waits") from None


def _day(value: Any) -> Any:
    if value == "":
        return None
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value.strip())
    except (AttributeError, TypeError, ValueError):
        from pipeline.core.suggest.day import day_meant

        ask = _ask(day_meant(value))
        raise ValueError(f'write a day as year, month and day: "2026-11-30"{ask}') from None


class FromEnvironment(str):
    """A value from an environment variable: text, whatever type its key has."""


def listed(value: Any) -> Any:
    if isinstance(value, FromEnvironment):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _one_line(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("write it on one line, without control characters: it stands in a mail header")
    return value


def _address(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    if value:
        try:
            valid = validate_email(value, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            from pipeline.core.suggest.address import mail_meant

            said = f"write an email address ({str(error).rstrip('.')})"
            meant = mail_meant(value)
            try:
                ask = _ask(meant if meant != value and _address(meant) else "")
            except ValueError:
                ask = ""
            raise ValueError(f"{said}{ask}") from None
        if valid.ascii_email is None:
            raise ValueError("before the @ only unaccented letters will reach every mail server")
        return valid.ascii_email
    return value


def _web_address(value: str) -> str:
    if value and not _is_web(value):
        from pipeline.core.suggest.address import web_meant

        meant = web_meant(value)
        ask = _ask(meant if _is_web(meant) else "")
        raise ValueError(f"write a whole web address, beginning with https://{ask}")
    return address_in_ascii(value)


def _is_web(value: str) -> bool:
    from urllib.parse import urlsplit

    try:
        return bool(re.fullmatch(r"https?://[^\s/]\S*", value) and urlsplit(value).port != 0)
    except ValueError:  # a port that is none, an IPv6 address without its bracket
        return False


def _ask(meant: str) -> str:
    return f'; did you mean "{meant}"?' if meant else ""


def _secret_safe(value: str) -> str:
    """An address to which a secret is sent: https, or this machine."""
    from urllib.parse import urlsplit

    parts = urlsplit(value)
    if "\\" in value or "@" in parts.netloc or not parts.hostname:
        raise ValueError("write https:// and a host, without user name or password")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("write https://: by http everybody on the way could read the key and all addresses")
    return value


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(value: str) -> str:
    if match := re.fullmatch(r"(?:\w+://)?([^:/]+)(?::(\d+))?/?", value):
        host, port = match[1], f" and port = {match[2]}" if match[2] else ""
        if host != value:
            raise ValueError(f'write host = "{host}"{port}, each on a line of its own')
    return value


def address_in_ascii(address: str) -> str:
    """A web address as headers hold it: its host in punycode, the rest encoded. Raises ValueError."""
    if address.isascii():
        return address
    from urllib.parse import quote, urlsplit, urlunsplit

    import idna

    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        netloc = parts.netloc.lower().replace(host, idna.encode(host, uts46=True).decode())
    except idna.IDNAError as error:
        raise ValueError(f"no such host name is possible ({error})") from None
    rest = [quote(part, safe="%/:?#[]@!$&'()*+,;=~") for part in parts[2:]]
    return urlunsplit((parts.scheme, netloc, *rest))


def _link(value: str) -> str:
    if value and not _is_web(value) and not re.fullmatch(r"mailto:[^\s@]+@\S+", value):
        from pipeline.core.suggest.address import mail_meant, web_meant

        mail = mail_meant(value)
        ask = _ask(f"mailto:{mail}" if mail else web_meant(value))
        raise ValueError(f"write a whole address, beginning with https:// (or mailto:){ask}")
    return value


def _colour(value: str) -> str:
    from pipeline.core.colour import hex_colour

    try:
        return hex_colour(value) if value else value
    except ValueError as error:
        from pipeline.core.suggest.colour import colour_meant

        raise ValueError(f"{error}{_ask(colour_meant(value))}") from None


def _fonts(value: str) -> str:
    # It is put into style attributes and style sheets.
    if re.search(r"[{}<>;:\\]", value):
        raise ValueError('write names of fonts with commas between them, like "Georgia, serif"')
    return value


Day = Annotated[date | None, BeforeValidator(_day)]
"""A day; None where none is written. TOML's own dates, which stand without quotes, are taken too."""

Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listed = Annotated[list[str], BeforeValidator(listed)]
Line = Annotated[str, AfterValidator(_one_line)]
Address = Annotated[str, AfterValidator(_one_line), AfterValidator(_address)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
SecretAddress = Annotated[WebAddress, AfterValidator(_secret_safe)]
Zone = Annotated[str, AfterValidator(known_zone)]
Language = Annotated[str, AfterValidator(known_language)]
Host = Annotated[str, AfterValidator(_host)]
Link = Annotated[str, AfterValidator(_link)]
Colour = Annotated[str, AfterValidator(_colour)]
Fonts = Annotated[Line, AfterValidator(_fonts)]


class Section(BaseModel):
    """A table of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        # pydantic takes "6" for 6 and true for 1: right for the environment, but a mistake in a file.
        kinds = _kinds(cls.model_fields[info.field_name or ""].annotation)
        wanted = next((kind for kind in (int, float, bool) if kind in kinds), None)
        if wanted is None or isinstance(value, FromEnvironment):
            return value
        if isinstance(value, str):
            from pipeline.core.suggest.number import unquoted

            raise ValueError(unquoted(info.field_name or "", value, wanted))
        if wanted is bool and isinstance(value, int | float) and not isinstance(value, bool):
            raise ValueError("write true or false")
        if wanted is not bool and isinstance(value, bool):
            raise ValueError("write a number, without quotes")
        if wanted is int and isinstance(value, float):
            # 1.000 is a thousand for half of Europe, and one for TOML.
            raise ValueError("write a whole number, with no point in it")
        return value


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) or (annotation,)
