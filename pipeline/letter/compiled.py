"""Compiled templates, kept while the process lives: compiling takes nine tenths of the time of a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Jinja reads a source every time, and asks for its code by file and checksum. So an edited file, or one
    that now takes the place of another of the same name, is never mistaken for the earlier one."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


# One for each kind: the code of a template depends on how its environment escapes and trims.
MARKUP, PLAIN = Compiled(), Compiled()
