"""Compiled templates, kept while the process lives: compiling is nine tenths of the time a letter takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Jinja reads a source every time and asks for its code by file and checksum; so a file that was edited,
    or that now stands before another of its name, is never mistaken for what it was."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


# One each: the code of a template depends on how its environment escapes and trims.
MARKUP, PLAIN = Compiled(), Compiled()
