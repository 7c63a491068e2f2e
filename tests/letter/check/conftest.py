"""The demo's letter, to be spoilt in one place at a time."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli.demo import CONFIG
from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from pipeline.core.templates import PACKAGED, Templates
from pipeline.editions.compose import compose
from pipeline.editions.edition import Edition
from pipeline.editions.lock import lock
from pipeline.feeds.pull import pull
from pipeline.letter.check import Finding, check_letter, errors
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.config import Config


@dataclass
class Sample:
    """A composed edition and its configuration. ``findings`` are those of the edition with other parts."""

    config: Config
    edition: dict[str, Any]
    templates: Templates = field(default_factory=Templates)
    site: str = ""

    def row(self, **parts: Any) -> Edition:
        return Edition(**(self.edition | parts))

    def findings(self, **parts: Any) -> list[Finding]:
        return check_letter(self.config, self.templates, self.row(**parts))

    def errors(self, **parts: Any) -> list[Finding]:
        """Those that keep it from going out, as they are looked for before it goes."""
        return errors(self.config, self.templates, self.row(**parts))

    def configured(self, **sections: dict[str, Any]) -> Sample:
        """The same edition under a configuration with other keys."""
        values = self.config.model_dump(exclude_unset=True)
        for section, keys in sections.items():
            values[section] = values.get(section, {}) | keys
        return Sample(type(self.config).model_validate(values), self.edition, self.templates, self.site)


@dataclass
class Kitchen:
    """Composes the sample blog's letter, with lines added to the demo's configuration.

    The first begins with ``database``, an empty one. The others refresh the first one's draft in a copy of
    its database, where the blog's pictures are known: looking at one anew starts a process.
    """

    folder: Path
    blog: SampleBlog
    database: Path
    made: int = field(default=0)

    def letter(self, *, digest: str = "", theme: str = "", newsletter: str = "") -> Sample:
        self.made += 1
        folder = self.folder / str(self.made)
        folder.mkdir()
        shutil.copyfile(self.database, folder / "rapport.db")
        self.database = self.folder / "1" / "rapport.db"
        config = CONFIG.format(feed=self.blog.feed_url, site=self.blog.site_url)
        config = config.replace('name = "weekly"', f'name = "weekly"\n{digest}')
        config = config.replace("[newsletter]", f"[newsletter]\n{newsletter}")
        (folder / "rapport.toml").write_text(f"{config}\n[theme]\n{theme}", encoding="utf-8")
        with Installation.open(folder / "rapport.toml") as installation:
            pull(installation.database, installation.config)
            with lock(installation.database, "weekly"):
                edition = compose(installation, installation.config.digests[0]).edition
            assert edition is not None
            row = asdict(edition)
            return Sample(installation.config, row, installation.templates, self.blog.site_url)


@pytest.fixture(scope="session")
def sample_blog() -> Iterator[SampleBlog]:
    with SampleBlog(clock.now()) as blog:
        yield blog


@pytest.fixture(scope="session")
def kitchen(
    sample_blog: SampleBlog, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Kitchen:
    return Kitchen(tmp_path_factory.mktemp("letters"), sample_blog, sqlite_template)


@pytest.fixture(scope="session")
def sample(kitchen: Kitchen) -> Sample:
    """The demo's letter as it is."""
    return kitchen.letter()


@pytest.fixture
def own_templates(kitchen: Kitchen, tmp_path: Path) -> Callable[[str, str], Sample]:
    """Composes with one of our templates changed: its name, and what to put before </mj-body>."""

    def make(name: str, more: str) -> Sample:
        source = (PACKAGED / name).read_text(encoding="utf-8")
        (tmp_path / "letter").mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            source.replace("  </mj-body>", f"{more}\n  </mj-body>"), encoding="utf-8"
        )
        return kitchen.letter(theme=f'templates = "{tmp_path}"')

    return make
