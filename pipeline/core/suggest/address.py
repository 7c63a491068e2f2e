"""Which address was meant: of mail, or of the web."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT = re.compile(r" ?[(\[{] ?(?:at|@) ?[)\]}] ?")
_BESIDE = re.compile(r"[\s<>,;:()\[\]\"]")
_SCHEME = re.compile(r"(?:[a-z]{3,6}:/{0,2}|https?/{1,2}|/{2})+", re.IGNORECASE)
_FILES = ("xml", "rss", "json", "png", "jpg", "jpeg", "svg", "gif")
"""How the name of a file ends that is no host's."""
_HOST = re.compile(r"[^\W_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{2,}(?::\d+)?(?:[/?]\S*)?")


def mail_meant(written: str) -> str:
    """The one address of mail in it; empty where there is none, or more than one. It may be a wrong one."""
    plain = _AT.sub("@", " ".join(written.split()))
    found = {part.rstrip(".") for part in _BESIDE.split(plain) if _is_like_one(part)}
    if len(found) != 1 or (len(plain.split()) > 1 and "<" not in plain):
        return ""  # several, or a space that may stand in it by mistake
    return str(found.pop())


def _is_like_one(part: str) -> bool:
    local, _, domain = part.rpartition("@")
    return bool(local) and "." in domain[1:-1]


def web_meant(written: str) -> str:
    """The whole address of a web page; empty where nobody can tell."""
    return next(_web(written.strip().strip("<>()\"'").strip()), "")


def _web(plain: str) -> Iterator[str]:
    if "\\" in plain or "@" in plain:
        return
    scheme = _SCHEME.match(plain)
    rest = plain[scheme.end() :].strip() if scheme else plain
    host = rest.partition("/")[0].partition(":")[0]
    if scheme and scheme[0].casefold().startswith(("file", "data", "mailto", "ftp")):
        return
    if not scheme and host.rpartition(".")[2].casefold() in _FILES:
        return
    if host in ("localhost", "127.0.0.1"):
        yield f"http://{rest}"
    elif _HOST.fullmatch(rest):
        yield f"https://{host.lower()}{rest[len(host) :]}"
