"""Whether and when the practice has confirmed its country's numbers: newsletter.crisis_checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import error, warning
from pipeline.letter.crisis.table import FILE, read_table
from subscribers import clock

if TYPE_CHECKING:
    from pipeline.core.config import Config
    from pipeline.core.finding import Finding
    from pipeline.core.templates import Templates
    from pipeline.letter.crisis.table import Country

OLD, TOO_OLD = 180, 365
"""Days. Lines close and numbers are replaced; old ones stay in lists for years."""

_KEYS = ("newsletter", "crisis_checked")


def unconfirmed(config: Config, templates: Templates) -> Finding | None:
    """What is to be done about the numbers; None while they are confirmed, or where no country is named.

    Raises LetterError for an operator's file that cannot be read.
    """
    code = config.newsletter.country
    if not code:
        return None
    country = read_table(templates).countries.get(code)
    if country is None:
        return warning(
            "crisis",
            f"No numbers for {code} are known, so the letter gives no number for help in a crisis.",
            f"Write countries.{code}, in the form of ours, into {FILE} of the folder that theme.templates "
            'names; or take the notice as it stands, with country = "".',
            "configuration: newsletter.country",
        )
    today = clock.today(config.newsletter.zone)
    checked = config.newsletter.crisis_checked
    days = (today - checked).days if checked else None
    if days is not None and days < OLD:
        return None
    level = error if days is not None and days >= TOO_OLD else warning
    since = f"were confirmed {days} days ago, on {checked}" if checked else "have not been confirmed yet"
    end = "; no letter goes out with them after a year" if checked else ""
    return level(
        "crisis",
        f"The numbers for help in a crisis ({code}) {since}{end}. They are: {_numbers(country)}. "
        f"Source: {', '.join(country.sources)} ({country.as_of}).",
        "Call the line once, and look the emergency number up without dialling it. When all is right, write "
        f'crisis_checked = "{today}" under [newsletter] ({config.place(_KEYS)}); when not, correct '
        f"countries.{code} in {FILE} of the folder that theme.templates names.",
        f"configuration: {'.'.join(_KEYS)}",
    )


def _numbers(country: Country) -> str:
    emergency = " and ".join(country.emergency) or "no number that is sure"
    lines = (f"{line.name} {', '.join(line.ways)}".strip() for line in country.lines)
    return "; ".join((f"emergency: {emergency}", *lines))
