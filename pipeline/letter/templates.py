"""Jinja as the letter needs it: the operator's folder first, then ours; errors that name file and line."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from pipeline.errors import LetterError

if TYPE_CHECKING:
    from jinja2 import Template

PACKAGED = Path(__file__).parents[2] / "templates"
COLUMNS = 72


def environment(own: Path | None, *, markup: bool) -> Environment:
    """Templates for markup (values escaped) or for plain text (block lines leave no gaps)."""
    made = Environment(
        loader=FileSystemLoader([*([own] if own else []), PACKAGED]),
        autoescape=markup,  # noqa: S701  plain text is plain: an entity in it would be read as it stands
        undefined=StrictUndefined,
        trim_blocks=not markup,
        lstrip_blocks=not markup,
        keep_trailing_newline=True,
    )
    made.filters["wrap"] = _wrap
    made.filters["underline"] = _underline
    return made


def render(made: Environment, name: str, context: dict[str, Any]) -> str:
    """The named template, rendered. Raises LetterError with the file and line that went wrong."""
    try:
        return made.get_template(name).render(context)
    except TemplateNotFound as error:
        raise LetterError(
            f"There is no template {error.name}.", "Check theme.templates and what it includes."
        ) from None
    except TemplateSyntaxError as error:
        raise LetterError(f"{error.filename}:{error.lineno}: {error.message}.", _MEND) from None
    except Exception as error:  # a template is a program: anything may come out of it
        raise _while_rendering(error, made.get_template(name)) from None


def render_line(made: Environment, source: str, context: dict[str, Any], where: str) -> str:
    """A template out of the configuration, rendered to one line. ``where`` names its key in errors."""
    try:
        return " ".join(made.from_string(source).render(context).split())
    except TemplateError as error:
        raise LetterError(f"{where}: {error}.", "Correct the template in the configuration.") from None
    except Exception as error:
        raise LetterError(
            f"{where}: {type(error).__name__}: {error}.", "Correct the template in the configuration."
        ) from None


_MEND = "Mend the template, then run the command again."


def _while_rendering(error: Exception, template: Template) -> LetterError:
    # Jinja rewrites the traceback so that template lines stand in it as if they were Python's.
    place = f"{template.filename}"
    step = error.__traceback__
    while step:
        file = step.tb_frame.f_code.co_filename
        if Path(file).suffix in (".mjml", ".txt", ".html", ".xml"):
            place = f"{file}:{step.tb_lineno}"
        step = step.tb_next
    return LetterError(f"{place}: {error}.", _MEND)


def _wrap(text: str) -> str:
    # Addresses stay whole: a broken link is worse than a long line.
    paragraphs = str(text).split("\n")
    wrapped = (textwrap.fill(p, COLUMNS, break_long_words=False, break_on_hyphens=False) for p in paragraphs)
    return "\n".join(wrapped)


def _underline(text: str, character: str) -> str:
    last = _wrap(text).rpartition("\n")[2]
    return character * min(max(len(last), 3), COLUMNS)
