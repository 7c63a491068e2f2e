"""Jinja as letters, mails and pages need it: with errors that name the template's file and line."""

from __future__ import annotations

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

from pipeline.core.errors import LetterError
from pipeline.letter.compiled import MARKUP, PLAIN
from pipeline.letter.direction import of_text
from pipeline.letter.shown import fit
from pipeline.letter.text import underline, wrap

if TYPE_CHECKING:
    from jinja2 import Template

    from pipeline.core.templates import Templates


def environment(templates: Templates, *, markup: bool) -> Environment:
    """For markup, where values are escaped, or for plain text, where block lines leave no gaps."""
    made = Environment(
        loader=FileSystemLoader(templates.folders),
        autoescape=markup,  # noqa: S701  in plain text an entity would be shown as it is written
        undefined=StrictUndefined,
        trim_blocks=not markup,
        lstrip_blocks=not markup,
        keep_trailing_newline=True,
        bytecode_cache=MARKUP if markup else PLAIN,
    )
    made.filters |= {"wrap": wrap, "underline": underline, "fit": fit, "way": of_text}
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
    # Jinja rewrites the traceback: lines of templates stand in it as if they were Python's.
    place = f"{template.filename}"
    step = error.__traceback__
    while step:
        file = step.tb_frame.f_code.co_filename
        if Path(file).suffix in (".mjml", ".txt", ".html", ".xml"):
            place = f"{file}:{step.tb_lineno}"
        step = step.tb_next
    return LetterError(f"{place}: {error}.", _MEND)
