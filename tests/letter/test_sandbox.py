"""Templates and subjects: what they may not do, and that they come to an end."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.errors import LetterError
from pipeline.core.sections.newsletter import Newsletter
from pipeline.core.templates import Templates
from pipeline.letter import budget
from pipeline.letter.jinja import environment, render, render_line

if TYPE_CHECKING:
    from pathlib import Path

NEWSLETTER = Newsletter(name="The Weekly Letter", from_email="letter@example.org")

FORBIDDEN = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ (''|attr('__class__')).__mro__ }}",
    "{{ ''['__cl' ~ 'ass__'].mro() }}",
    "{{ '{0.__class__.__mro__}'.format('') }}",
    "{{ '{x.__class__}'.format_map({'x': ''}) }}",
    "{{ ['{0.__class__}'] | map('format', '') | join }}{{ say.__globals__ }}",
    "{{ newsletter.parse_raw('x', content_type='pickle', allow_pickle=True) }}",
    "{{ newsletter.parse_file('/etc/passwd') }}",
    "{{ newsletter.model_copy() }}",
    "{{ newsletter.model_validate({}) }}",
    "{{ folder.read_text() }}",
    "{{ folder.parent.unlink() }}",
    "{{ thing.run() }}",
    "{{ newsletter.zone.key.__class__ }}",
    "{{ [1].append(2) }}",
    "{{ posts.clear() }}",
    "{% for x in posts recursive %}{{ loop(posts) }}{% endfor %}",
]
CALLS_DOUBLED = (
    "{% macro f(n) %}{% if n < 40 %}{{ f(n + 1) }}{{ f(n + 1) }}{% endif %}{% endmacro %}{{ f(0) }}"
)
ENDLESS = [
    "{% for i in range(10**9) %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}" + "x" * 500 + "{% endfor %}{% endfor %}",
    "{% set x %}{% for i in range(99999) %}" + "x" * 500 + "{% endfor %}{% endset %}{{ x }}",
    "{{ 10 ** (10 ** 9) }}",
    "{{ 'x' * 10 ** 10 }}",
    "{{ 10 ** 9 * 'x' }}",
    "{{ [1] * 10 ** 9 }}",
    "{{ 'x' | center(10 ** 9) }}",
    "{{ 'x'.ljust(10 ** 9) }}",
    "{{ 'x'.zfill(10 ** 9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (10 ** 9, 1) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10 ** 9) }}",
    "{{ '{x:{w}}'.format_map({'x': 1, 'w': 10 ** 9}) }}",
    "{{ 'x' | indent(10 ** 9, first=True) }}",
    "{{ ('x\n' * 9000) | indent('y' * 9000) }}",
    "{{ ('x' * 9000) | replace('x', 'y' * 9000) }}",
    "{{ ('x' * 9000).replace('x', 'y' * 9000) }}",
    "{{ ('x' * 9000).replace('', 'y' * 9000) }}",
    "{{ ('y' * 9000).join('x' * 9000) }}",
    "{{ ('x' * 9000) | join('y' * 9000) }}",
    "{{ (['y' * 9000] * 9000) | join }}",
    "{{ 'a\tb'.expandtabs(10 ** 9) }}",
    "{{ (1).to_bytes(10 ** 9, 'big') }}",
    "{{ [1] | batch(10 ** 9, 'x') | list }}",
    "{{ lipsum(n=10 ** 6) }}",
    "{{ ('<!--' * 900000) | striptags }}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    CALLS_DOUBLED,
    "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = {'a': n.x, 'b': n.x} %}{% endfor %}",
    "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = dict(a=n.x, b=n.x) %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
    "{% for i in range(99999) %}{% for x in (range(99999) | map('string') | list) %}{% endfor %}{% endfor %}",
    "{% for i in range(9) %}{% include 'letter/attack.txt' %}{% endfor %}",
    "{% extends 'letter/attack.txt' %}",
]  # fmt: skip


class Thing:
    def run(self) -> str:
        return "ran"


def context(tmp_path: Path) -> dict[str, Any]:
    return {
        "newsletter": NEWSLETTER,
        "posts": [{"title": "A calm morning"}, {"title": "Another"}],
        "folder": tmp_path / "a",
        "thing": Thing(),
        "say": lambda key: f"said {key}",
        "plain": SimpleNamespace(name="x"),
    }


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "letter").mkdir()
    return tmp_path / "letter" / "attack.txt"


@pytest.mark.parametrize("source", FORBIDDEN + ENDLESS)
def test_a_template_that_reaches_out_or_goes_on_is_an_error_that_names_it(
    source: str, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (
        source == CALLS_DOUBLED
    ):  # of nothing but steps, which are slow while memory is traced; all of them below
        monkeypatch.setattr(budget, "MOST", budget.MOST // 10)
    own.write_text(f"A line.\n{source}\n")
    made = environment(Templates(tmp_path), markup=False)
    tracemalloc.start()
    with pytest.raises(LetterError) as raised:
        render(made, "letter/attack.txt", context(tmp_path))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100_000_000
    assert "letter/attack.txt" in raised.value.message
    if "include" not in source and "extends" not in source and "macro f()" not in source:
        assert "attack.txt:2: " in raised.value.message or "attack.txt:3: " in raised.value.message


@pytest.mark.parametrize("source", FORBIDDEN[:14] + ENDLESS[:-2])
def test_nor_may_a_subject(source: str, tmp_path: Path) -> None:
    made = environment(Templates(), markup=False)
    with pytest.raises(LetterError, match=r"digests \(weekly\): subject: "):
        render_line(made, source, context(tmp_path), "digests (weekly): subject")


def test_a_namespace_of_namespaces_is_not_written_out(tmp_path: Path) -> None:
    twice = (
        "{% set n = namespace(x=1) %}"
        "{% for i in range(99) %}{% set n.x = namespace(a=n.x, b=n.x) %}{% endfor %}"
    )
    made = environment(Templates(), markup=False)
    assert render_line(made, f"{twice}{{{{ n.x }}}}", context(tmp_path), "subject") == "<namespace>"


def test_what_operators_write_goes_on_working(tmp_path: Path) -> None:
    made = environment(Templates(), markup=False)
    for source, shown in {
        "{{ posts[0].title.upper() }}": "A CALM MORNING",
        "{{ posts | map(attribute='title') | join(' · ') }}": "A calm morning · Another",
        "{% for post in posts %}{{ loop.index }}/{{ loop.length }} {% endfor %}": "1/2 2/2",
        "{% for x in posts %}{{ loop.cycle('a', 'b') }}{% endfor %}": "ab",
        "{{ '{:,}'.format(1234567) }} {{ '%05.1f' | format(3.14159) }}": "1,234,567 003.1",
        "{{ posts[0].title | replace('calm', 'quiet') | title }}": "A Quiet Morning",
        "{% macro f(x, y=2) %}{{ x }}{{ y }}{{ caller() }}{% endmacro %}{% call f(1) %}c{% endcall %}": "12c",
        "{{ say('hello') }}": "said hello",
        "{% for k, v in {'a': 1}.items() %}{{ k ~ v }}{% endfor %}": "a1",
        "{{ [3, 1, 2] | sort | batch(2, '-') | list }} {{ [1, 2] | sum }}": "[[1, 2], [3, '-']] 3",
        "{{ newsletter.name | truncate(10) }} {{ 2 ** 10 }}": "The... 1024",
    }.items():
        assert render_line(made, source, context(tmp_path), "here") == shown
