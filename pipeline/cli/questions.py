"""What `rapport init` asks on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.core.first_configuration import Key, Value
    from pipeline.feeds.discovery.search import Discovered


def answers(found: Discovered, missing: list[Key]) -> dict[Key, Value]:
    """Ask for what is missing. Enter takes what stands in brackets, or leaves it for later."""
    from pipeline.core.first_configuration import Value, acceptable
    from pipeline.core.zone import zone_of_this_machine
    from pipeline.feeds.discovery import settings
    from pipeline.feeds.discovery.places import mail_domain

    domain = mail_domain(found.site)
    questions = {
        settings.NAME: ("The practice's name", ""),
        settings.POSTAL_ADDRESS: ("Your postal address, which the law wants in every letter", ""),
        settings.FROM_EMAIL: (
            "The address that letters are from, at a domain of yours",
            f"letter@{domain}" if domain else "",
        ),
        settings.TIMEZONE: ("Your time zone, such as America/New_York", zone_of_this_machine()),
        settings.MATCH_URL: ("The page where a reader asks for a therapist", ""),
    }
    said: dict[Key, Value] = {}
    for key, (question, default) in questions.items():
        if key not in missing:
            continue
        while text := ask(question if default else f"{question} (Enter: later)", default):
            value = {key: Value(text, "as you said")}
            if acceptable(value):
                said |= value
                break
            click.echo(f"Rapport cannot use “{text}” as {'.'.join(key)}. Try again.", err=True)
    if name := said.get(settings.NAME):
        said[settings.FROM_NAME] = name
    return said


def ask(question: str, default: str = "") -> str:
    """One line from the terminal. Enter alone gives the default."""
    answer: str = click.prompt(
        question, default=default, show_default=bool(default), err=True, prompt_suffix=": "
    )
    return answer.strip()
