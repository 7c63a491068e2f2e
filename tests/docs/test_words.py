"""What the guides name in passing: commands with their options, keys, files, and where to read on."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, get_args

import click
import pytest
from pydantic import BaseModel

from pipeline.cli import cli
from pipeline.core.config import Config
from tests.docs.blocks import blocks, changed, matches
from tests.docs.machine import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCS = SOURCE / "docs"
GUIDES = (
    SOURCE / "README.md",
    *(
        DOCS / f"{name}.md"
        for name in (
            *("guide", "using", "notes-and-welcome", "dashboard"),
            *("install", "operations", "importing", "hosts", "sendgrid"),
        )
    ),
)
PAGES = sorted({*SOURCE.glob("*.md"), *DOCS.rglob("*.md")})
"""Everything that is written for a person."""


def spans(guide: Path) -> list[str]:
    prose = re.sub(r"(?ms)^```.*?^```$", "", guide.read_text())
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_command_that_is_named_exists_with_its_options(guide: Path) -> None:
    named = [span for span in spans(guide) if span.startswith("rapport ")]
    assert named
    for span in named:
        _, *words = shlex.split(span.replace("…", ""))
        command: click.Command = cli
        with click.Context(cli) as context:
            while words and isinstance(command, click.Group) and not words[0].startswith("-"):
                found = command.get_command(context, words[0])
                # What is no command may be an argument in capitals.
                assert found is not None or words[0].isupper(), span
                if found is None:
                    break
                command, words = found, words[1:]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, span


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_key_that_is_named_is_one_of_the_configuration(guide: Path) -> None:
    known = set(keys(Config))
    for span in spans(guide):
        key = span.partition(" = ")[0]
        if key.partition(".")[0] in Config.model_fields and re.fullmatch(r"\w+(\.\w+)+", key):
            assert key in known, span


def keys(model: type[BaseModel], under: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield under + name
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from keys(kind, f"{under}{name}.")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SOURCE)))
def test_every_link_to_a_file_of_ours_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not target.startswith("https://"):
            file, _, place = target.partition("#")
            to = (page.parent / file) if file else page
            assert to.exists(), target
            if place:
                headings = re.findall(r"(?m)^#+ (.*)$", to.read_text())
                assert place in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, (
                    target
                )


def test_a_block_that_nobody_knows_what_to_do_with_is_an_error(tmp_path: Path) -> None:
    for text in (
        "```sh on the moon\nls\n```\n",
        "```yaml\na: 1\n```\n",
        "words\n\n```text\nprinted by nobody\n```\n",
    ):
        guide = tmp_path / "guide.md"
        guide.write_text(f"## 1. Begin\n\n{text}")
        with pytest.raises(AssertionError, match=r"guide\.md:"):
            blocks(guide)


def test_what_is_printed_must_be_what_the_guide_shows() -> None:
    assert matches("one\ntwo\nthree 3\n", "one\n…\nthree …\n")
    assert not matches("one\ntwo\nfour 4\n", "one\n…\nthree …\n")
    assert not matches("one\nand more\n", "one\n")


def test_a_snippet_takes_the_place_of_the_same_key() -> None:
    before = "[a]\nx = 1  # one\n# y = 2\n\n[[b]]\nx = 1\n\n[c]\n"
    after = "[a]\nx = 5\ny = 6\n\n[[b]]\nx = 7\n\n[c]\n\n[d]\nz = 8\n"
    assert changed(before, "[a]\nx = 5\ny = 6\n[[b]]\nx = 7\n[d]\nz = 8\n") == after


def test_each_decision_has_a_number_of_its_own_and_bears_it() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [page.name[:3] for page in decisions]
    assert numbers == [f"{number:03}" for number in range(1, len(decisions) + 1)]
    assert [page.read_text().split()[:2] for page in decisions] == [["#", number] for number in numbers]
