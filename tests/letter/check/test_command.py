"""`rapport check` as an operator runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.templates import PACKAGED
from tests.end_to_end.conftest import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.letter.check.conftest import Kitchen


def check(folder: Path, *arguments: str, status: int = 0) -> Any:
    """What the command prints, which finds its configuration by the environment."""
    project = Project(folder, installed=False, environment={"RAPPORT_CONFIG": str(folder / "rapport.toml")})
    return project.json("check", *arguments, status=status)


def test_the_demos_letter_has_nothing_to_mend_online_either(kitchen: Kitchen) -> None:
    kitchen.letter()
    document = check(kitchen.folder / str(kitchen.made), "--online")
    assert document["findings"] == []
    assert document["edition"]["slug"] == "weekly-1"


def test_a_warning_is_told_and_ends_well(kitchen: Kitchen) -> None:
    kitchen.letter()
    folder = kitchen.folder / str(kitchen.made)
    config = folder / "rapport.toml"
    config.write_text(config.read_text().replace('from_name = "Harbour', 'from_name = "Härbour'))
    document = check(folder)
    assert [(f["level"], f["rule"], f["where"]) for f in document["findings"]] == [
        ("warning", "sender-name", "configuration: newsletter.from_name")
    ]


def test_a_broken_template_is_named_by_file_and_line(kitchen: Kitchen, tmp_path: Path) -> None:
    source = (PACKAGED / "letter" / "digest.mjml").read_text(encoding="utf-8")
    broken = tmp_path / "letter" / "digest.mjml"
    broken.parent.mkdir()
    kitchen.letter()
    folder = kitchen.folder / str(kitchen.made)
    with (folder / "rapport.toml").open("a") as config:
        config.write(f'\ntemplates = "{tmp_path}"\n')
    for spoilt in ("    {{ no_such_thing }}", "    <mj-txet>Words</mj-txet>"):
        lines = source.split("\n")
        at = next(number for number, line in enumerate(lines) if "</mj-body>" in line)
        lines.insert(at, spoilt)
        broken.write_text("\n".join(lines), encoding="utf-8")
        (finding,) = check(folder, status=1)["findings"]
        assert (finding["rule"], finding["where"]) == ("template", f"template: {broken}:{at + 1}")
