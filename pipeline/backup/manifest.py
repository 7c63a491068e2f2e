"""What a backup says of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from pipeline.backup.copy import Sum

if TYPE_CHECKING:
    from pipeline.backup.copy import Sums


_FEW, _SHORT = 20, 200
_PEOPLE = "subscribers"


class Member(NamedTuple):
    """One file of an archive; ``size`` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself; ``left_out`` tells people what it does not hold."""

    rapport: str
    schema: str
    made: datetime
    tables: Sums
    members: dict[str, Member]
    left_out: list[str]

    def text(self) -> str:
        document = {
            "rapport": self.rapport,
            "schema": self.schema,
            "made": self.made.isoformat(),
            "tables": {name: one._asdict() for name, one in self.tables.items()},
            "members": {name: one._asdict() for name, one in self.members.items()},
            "left_out": self.left_out,
        }
        return json.dumps(document, indent=1)

    @classmethod
    def read(cls, text: bytes) -> Manifest:
        """Raises ValueError, KeyError, TypeError or OverflowError for what is no manifest."""
        found = json.loads(text)
        made = datetime.fromisoformat(found["made"])
        if made.tzinfo is None:
            raise ValueError("made")
        made = made.astimezone(UTC)  # OverflowError where that is no moment
        tables = {name: Sum(int(one["rows"]), str(one["sum"])) for name, one in found["tables"].items()}
        members = {
            name: Member(str(one["sha256"]), int(one["size"])) for name, one in found["members"].items()
        }
        if any(one.size < 0 for one in members.values()):
            raise ValueError("size")
        left_out = [str(one) for one in found["left_out"]]
        rapport, schema = str(found["rapport"]), str(found["schema"])
        shown = [rapport, schema, *left_out, *tables, *(one.sum for one in tables.values())]
        if len(left_out) > _FEW or not all(len(one) <= _SHORT and one.isprintable() for one in shown):
            raise ValueError("what is shown on a terminal")
        if _PEOPLE not in tables:
            raise ValueError("tables")
        return cls(rapport, schema, made, tables, members, left_out)
