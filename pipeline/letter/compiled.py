"""Compiled templates, kept while the process lives: compiling takes nine tenths of the time of a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from types import CodeType

    from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Jinja reads a source every time, and asks for its code by file and checksum. So an edited file, or one
    that now takes the place of another of the same name, is never mistaken for the earlier one."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, CodeType]] = {}
        """By the file its checksum and its code, which nothing changes: all environments run the same."""

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._code.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key] = bucket.checksum, bucket.code


# One for each kind: the code of a template depends on how its environment escapes and trims.
MARKUP, PLAIN = Compiled(), Compiled()
