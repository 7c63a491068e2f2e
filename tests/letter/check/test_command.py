"""`rapport check` as an operator runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.letter.templates import PACKAGED

if TYPE_CHECKING:
    from tests.letter.check.conftest import Kitchen

START = "import sys; from pipeline.cli import main; sys.exit(main())"


def check(folder: Path, *arguments: str) -> tuple[int, Any]:
    run = subprocess.run(
        [sys.executable, "-c", START, "check", "--json", *arguments],
        cwd=Path(__file__).parents[3],
        env={"RAPPORT_CONFIG": str(folder / "rapport.toml"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, json.loads(run.stdout)


def test_the_demos_letter_has_nothing_to_mend_online_either(kitchen: Kitchen) -> None:
    kitchen.letter()
    status, document = check(kitchen.folder / str(kitchen.made), "--online")
    assert (status, document["findings"]) == (0, [])
    assert document["edition"]["slug"] == "weekly-1"


def test_a_warning_is_told_and_ends_well(kitchen: Kitchen) -> None:
    kitchen.letter()
    folder = kitchen.folder / str(kitchen.made)
    config = folder / "rapport.toml"
    config.write_text(config.read_text().replace('from_name = "Harbour', 'from_name = "Härbour'))
    status, document = check(folder)
    assert status == 0
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
        status, document = check(folder)
        assert status == 1
        (finding,) = document["findings"]
        assert (finding["rule"], finding["where"]) == ("template", f"template: {broken}:{at + 1}")
