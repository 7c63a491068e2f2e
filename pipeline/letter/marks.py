"""Marks in what a template writes: each tag says in which file and line it stands. Only errors need them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2.ext import Extension
from jinja2.lexer import Token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.lexer import TokenStream

MARK = re.compile("\ue000([^\ue000]*)\ue000")
"""Stands behind the name of a tag: between two characters for private use, the file and line."""

_TAG = re.compile(r"</?[a-zA-Z][\w-]*")


class Marks(Extension):
    """Puts the marks into a template before it is compiled; what its values hold is not marked."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        file = stream.filename or stream.name
        for token in stream:
            if token.type == "data":
                yield Token(token.lineno, token.type, _marked(token.value, f"{file}", token.lineno))
            else:
                yield token


def _marked(text: str, file: str, first: int) -> str:
    line, at = first, 0

    def mark(tag: re.Match[str]) -> str:
        nonlocal line, at
        line += text.count("\n", at, tag.start())
        at = tag.start()
        return f"{tag[0]}\ue000{file}:{line}\ue000"

    return _TAG.sub(mark, text)
