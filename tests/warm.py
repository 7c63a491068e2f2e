"""What a process of tests does before it is forked, so that no fork does it again."""

from __future__ import annotations

from pipeline.core.templates import Templates
from pipeline.letter.jinja import environment

KINDS = ((True, (".mjml", ".html", ".xml")), (False, (".txt",)))
"""Whether a kind of template is markup, and how the names of its files end."""


def compile_templates() -> None:
    """Those that Rapport brings: to compile the letter's is half of what a run costs that sends one."""
    for markup, ends in KINDS:
        made = environment(Templates(), markup=markup)
        for name in made.list_templates(filter_func=lambda name, ends=ends: name.endswith(ends)):
            made.get_template(name)
