"""Which day was meant by one that is written in another way."""

from __future__ import annotations

from datetime import datetime

_FORMS = (
    "%d.%m.%Y",
    "%d.%m.%y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d %Y",
    "%b %d %Y",
    "%d. %B %Y",
)
_EITHER = ("%d/%m/%Y", "%m/%d/%Y")


def day_meant(written: object) -> str:
    """The day as year, month and day; empty where nobody can tell, as of 03/04/2026."""
    plain = " ".join(str(written).replace(",", " ").split())
    days = {day for form in _FORMS if (day := _read(plain, form))} or {
        day for form in _EITHER if (day := _read(plain, form))
    }
    return days.pop() if len(days) == 1 else ""


def _read(written: str, form: str) -> str:
    try:
        return datetime.strptime(written, form).date().isoformat()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return ""
