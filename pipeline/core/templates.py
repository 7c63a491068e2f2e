"""Where templates, phrases and word lists are: the operator's folder is looked in first, then ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from pipeline.core.config import Config

PACKAGED = Path(__file__).parents[2] / "templates"
"""Our own folder, which comes with Rapport."""

VARIABLES = "variables.txt"
"""Explains to operators what every template may use. It is put at the top of the copies that they get."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The folders of one installation. ``own`` is the operator's, None where there is only ours."""

    own: Path | None = None

    @classmethod
    def of(cls, config: Config, folder: Path) -> Self:
        """Those that theme.templates names, from ``folder``. Raises ConfigError when it names no folder."""
        if not config.theme.templates:
            return cls()
        own = folder / config.theme.templates
        if not own.is_dir():
            raise ConfigError(
                f"theme.templates: there is no folder {own}.", "Make it, or take the key out of the file."
            )
        return cls(own)

    @property
    def folders(self) -> tuple[Path, ...]:
        """In the order in which a file is looked for."""
        return (self.own, PACKAGED) if self.own else (PACKAGED,)

    def file(self, name: str) -> Path:
        """The file that a name stands for: the operator's where there is one, else ours."""
        return next((folder / name for folder in self.folders if (folder / name).exists()), PACKAGED / name)

    def layers(self, *names: str) -> Iterator[Path]:
        """Every file with one of these names. What a later one says goes over what an earlier one says: the
        operator's come last."""
        for folder in reversed(self.folders):
            yield from (folder / name for name in names if (folder / name).is_file())

    def first(self, *names: str) -> Path | None:
        """The first file with one of these names; None where there is none."""
        files = (folder / name for folder in self.folders for name in names)
        return next((file for file in files if file.is_file()), None)

    def text(self, *names: str) -> str:
        """What the first file with one of these names holds; empty where none can be read."""
        for file in (folder / name for folder in self.folders for name in names):
            try:
                return file.read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError):
                continue
        return ""


def copy_letter(folder: Path) -> tuple[list[str], list[str]]:
    """Copy the letter's templates and the list of words into an operator's folder. Gives the names of those
    that were copied, and of those that were there already, which are left alone."""
    explained = (PACKAGED / "letter" / VARIABLES).read_text(encoding="utf-8")
    (folder / "letter").mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    for source in sorted((PACKAGED / "letter").iterdir()):
        if source.name == VARIABLES:
            continue
        text = source.read_text(encoding="utf-8")
        name = f"letter/{source.name}"
        try:
            with (folder / name).open("x", encoding="utf-8") as file:
                # Every template begins with a comment; the list of words is none and explains itself.
                file.write(f"{{#-\n{explained}-#}}\n{text}" if text.startswith("{#") else text)
            copied.append(name)
        except FileExistsError:
            kept.append(name)
    return copied, kept
