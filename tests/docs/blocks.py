"""A guide's fenced blocks, and what each kind of them means.

    ```sh                     commands, run as they stand; a ```text after them is what they print
    ```sh machine             the same, and some of them change the machine: stand-ins take their place
    ```sh exits 1             the same as the first, where something is still to be done
    ```sh until Ctrl-C        one that serves
    ```sh elsewhere           typed on the reader's own computer
    ```sh engine              for podman or Kubernetes
    ```toml                   keys to change in rapport.toml; ```toml instead: other ones, not both
    ```ini FILE               lines of a file of NAME=value
    ```crontab                lines of /etc/cron.d
    ```md                     a note, note.md

In ```text a line of … stands for any lines, and … in a line for anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = {
    ("sh", ""), ("sh", "machine"), ("sh", "exits 1"),
    ("sh", "until Ctrl-C"), ("sh", "elsewhere"), ("sh", "engine"),
    ("text", ""), ("toml", ""), ("toml", "instead"), ("crontab", ""), ("md", ""),
    ("ini", "/etc/rapport.env"), ("ini", "keys.sh"),
}  # fmt: skip

_FENCE = re.compile(r"^```(\w*)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (\d+)\.", re.MULTILINE)


class Block(NamedTuple):
    """``where`` is its file and line, ``section`` the number of its heading (0: before the first).

    ``prints`` is what stands in the ```text right after it, if any does.
    """

    where: str
    section: int
    kind: str
    mark: str
    text: str
    prints: str | None = None


def blocks(guide: Path) -> list[Block]:
    """All of them in order, what they print with those that print it. An unknown kind is an error."""
    found: list[Block] = []
    for block, follows in _fenced(guide):
        if (block.kind, block.mark) not in KINDS:
            raise AssertionError(f"{block.where}: no test knows what to do with ```{block.kind} {block.mark}")
        if block.kind != "text":
            found.append(block)
        elif follows and found and found[-1].kind == "sh" and found[-1].prints is None:
            found[-1] = found[-1]._replace(prints=block.text)
        else:
            raise AssertionError(f"{block.where}: nothing before this text prints it")
    return found


def _fenced(guide: Path) -> Iterator[tuple[Block, bool]]:
    text, end = guide.read_text(encoding="utf-8"), 0
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        section = int([0, *_HEADING.findall(text, 0, match.start())][-1])
        follows = not text[end : match.start()].strip()
        yield Block(f"{guide.name}:{line}", section, match[1], match[2].strip(), match[3]), follows
        end = match.end()


def matches(printed: str, expected: str) -> bool:
    """Whether something is what a ```text block says."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(pattern, printed if printed.endswith("\n") else f"{printed}\n") is not None


def changed(configuration: str, snippet: str) -> str:
    """A rapport.toml with a snippet's keys in it, each in the place of the same key, commented out or not."""
    lines, table = configuration.splitlines(), ""
    for line in snippet.splitlines():
        if line.startswith("["):
            table = line
        elif line.strip():
            _put(lines, table, line)
    return "\n".join(lines) + "\n"


def _put(lines: list[str], table: str, line: str) -> None:
    if table not in [known.partition("#")[0].strip() for known in lines]:
        lines += ["", table]
    start = [known.partition("#")[0].strip() for known in lines].index(table) + 1
    end = next((n for n in range(start, len(lines)) if lines[n].startswith("[")), len(lines))
    same = re.compile(rf"(# )?{line.partition('=')[0].strip()}\s*=")
    there = [n for n in range(start, end) if same.match(lines[n])]
    if there:
        lines[there[0]] = line
    else:
        lines.insert(start, line)
