"""What `rapport check` finds: one letter for each fault, and nothing in the demo's own."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.letter.check import RULES
from pipeline.letter.title import title_of
from tests.letter.check.faults import CONFIGURED, FAULTS, HARMLESS, body

if TYPE_CHECKING:
    from tests.letter.check.conftest import Kitchen, Sample
    from tests.letter.check.faults import Change, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_check_finds(fault: Fault, sample: Sample) -> None:
    findings = sample.findings(**fault.change(sample.edition))
    assert {finding.name for finding in findings} == {fault.rule}, findings
    (finding, *_) = [found for found in findings if fault.says in found.message]
    assert finding.level == fault.level
    assert finding.remedy
    assert fault.where in finding.where
    assert sample.errors(**fault.change(sample.edition)) == [f for f in findings if f.level == "error"]


@pytest.mark.parametrize(("name", "keys", "rule", "where"), CONFIGURED, ids=lambda value: str(value)[:40])
def test_check_finds_in_the_configuration(
    name: str, keys: dict[str, dict[str, Any]], rule: str, where: str, sample: Sample
) -> None:
    configured = sample.configured(**keys)
    findings = configured.findings()
    assert {finding.name for finding in findings} == {rule}
    assert configured.errors() == [finding for finding in findings if finding.level == "error"]
    assert where in findings[0].where


@pytest.mark.parametrize(
    ("name", "change"), HARMLESS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_check_lets_pass(name: str, change: Change, sample: Sample) -> None:
    assert sample.findings(**change(sample.edition)) == []


def test_check_looks_for_a_long_title_as_the_letter_shows_it(sample: Sample) -> None:
    title = "Why we put off a telephone call " * 8
    first, *rest = sample.edition["posts"]
    text = sample.edition["text"].replace(first["title"], title_of(title))
    in_ascii = title_of(title).encode("ascii", "xmlcharrefreplace").decode()
    html = sample.edition["html"].replace(first["title"], in_ascii)
    posts = [first | {"title": title}, *rest]
    assert [found.name for found in sample.findings(posts=posts, text=text, html=html)] == []


@pytest.mark.parametrize("theme", ["harbour", "meadow", "dusk"])
@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_check_finds_nothing_in_the_demos_letter(layout: str, theme: str, kitchen: Kitchen) -> None:
    letter = kitchen.letter(digest=f'layout = "{layout}"', theme=f'name = "{theme}"')
    assert letter.findings() == []


def test_every_rule_gives_its_reason() -> None:
    told = {f"{rule.__module__}.{rule.__name__}": inspect.getsource(rule) for rule in RULES}
    documented = {f"{rule.__module__}.{rule.__name__}" for rule in RULES if rule.__doc__}
    assert told
    assert [name for name, source in told.items() if name not in documented and "    # " not in source] == []


def test_many_findings_of_one_rule_are_summed_up(sample: Sample) -> None:
    images = "".join(f'<img src="https://blog.example/{n}.jpg">' for n in range(30))
    findings = sample.findings(**body(images)(sample.edition))
    assert len(findings) == 9
    assert findings[-1].message == "And 22 more of the rule alt."
