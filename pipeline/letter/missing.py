"""What a template names and nothing has: told as the template calls it, with the nearest."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, UndefinedError
from jinja2.utils import missing
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class MissingName(UndefinedError):
    """A template used a name that nothing has. ``owner`` is what was asked for it; `missing`: the template's
    own names were."""

    def __init__(self, owner: Any, name: Any, message: str) -> None:
        super().__init__(message)
        self.owner = owner
        self.name = name


class Missing(StrictUndefined):
    """Jinja's undefined value, which is an error wherever it is used."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]
        if exc is UndefinedError and hint is None:
            self._undefined_exception = partial(MissingName, obj, name)  # type: ignore[assignment]

    __slots__ = ()


def in_words(error: MissingName, source: str, context: Mapping[str, Any]) -> str:
    """What is missing; ``source`` is the line of the template, ``context`` what it was given."""
    from pipeline.core.suggest import nearest

    owner, name = error.owner, error.name
    if owner is missing:
        if name in context:
            return (
                f'there is no "{name}" in what another template took from here: end its `import` with '
                "`with context`"
            )
        said, known = f'there is no "{name}" here', [*context, "range", "loop"]
    elif isinstance(name, int) or (isinstance(owner, list | tuple) and str(name).isdecimal()):
        return f"{_called(owner, name, source)} has no item {name}; it has {len(owner)}, counted from 0"
    else:
        said, known = f'{_called(owner, name, source)} has no "{name}"', list(_names(owner))
    close = nearest(str(name), known)
    if close:
        return f'{said}; did you mean "{close}"?'
    few = [one for one in known if not callable(getattr(owner, one, None))][:12]
    return f"{said}; there are {', '.join(few)}" if few else said


def _called(owner: Any, name: Any, source: str) -> str:
    """How the template calls the thing that has not that name."""
    wanted = re.escape(str(name))
    path = r"((?:[A-Za-z_]\w*)(?:\.\w+|\[[^\[\]]{1,40}\]){0,8}?)"
    found = re.search(rf"{path}(?:\.{wanted}\b|\[\s*[\"']?{wanted}[\"']?\s*\])", source)
    if found:
        return found[1]
    return {"str": "a text", "dict": "it", "list": "a list", "tuple": "a list"}.get(
        type(owner).__name__, type(owner).__name__.lower()
    )


def _names(owner: Any) -> Iterable[str]:
    if isinstance(owner, dict):
        return [str(key) for key in owner]
    inner = set(dir(BaseModel)) if isinstance(owner, BaseModel) else set()
    return [name for name in dir(owner) if not name.startswith("_") and name not in inner]
