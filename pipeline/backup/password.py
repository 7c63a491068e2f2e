"""The configuration as a backup may hold it: without the password of a database.

A backup is carried elsewhere: whoever has it has the list, and should not get into a server with it.
"""

from __future__ import annotations

import re
import tomllib

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

# Where libpq looks for one in an address (PostgreSQL's manual, 34.1.1.2 and 34.1.2); in comments, too.
_ADDRESS = re.compile(r"(postgres(?:ql)?(?:\+\w+)?://[^:/?@\s\"']*):[^?\s\"']*@")
_PARAMETER = re.compile(r"(?<=[?&])(?:ssl)?password=[^&\s\"']*&?")
_PARAMETERS = {"password", "sslpassword"}


def without_password(text: str) -> str | None:
    """The same rapport.toml without any; None where one is left that cannot be told from the rest."""
    text = _PARAMETER.sub("", _ADDRESS.sub(r"\1@", text))
    try:
        written = tomllib.loads(text).get("database", {}).get("url")
        url = make_url(written) if written else None
    except (tomllib.TOMLDecodeError, AttributeError, ArgumentError):
        return None
    if url is not None and (url.password is not None or _PARAMETERS & url.query.keys()):
        return None
    return text
