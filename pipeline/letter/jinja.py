"""Jinja as letters, mails and pages need it: with errors that name the template's file and line."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from pipeline.core.errors import LetterError
from pipeline.letter.budget import bounded
from pipeline.letter.compiled import MARKUP, PLAIN
from pipeline.letter.direction import of_text
from pipeline.letter.sandbox import Sandbox
from pipeline.letter.shown import fit
from pipeline.letter.text import underline, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from pipeline.core.templates import Templates


def environment(templates: Templates, *, markup: bool) -> Environment:
    """For markup, where values are escaped, or for plain text, where block lines leave no gaps."""
    return Sandbox(
        loader=FileSystemLoader(templates.folders),
        autoescape=markup,  # in plain text an entity would be shown as it is written
        undefined=StrictUndefined,
        trim_blocks=not markup,
        lstrip_blocks=not markup,
        keep_trailing_newline=True,
        bytecode_cache=MARKUP if markup else PLAIN,
        filters={"wrap": wrap, "underline": underline, "fit": fit, "way": of_text},
    )


def compiled(made: Environment, name: str) -> None:
    """Compile the named template. Raises LetterError with the file and line that went wrong."""
    with _explained(name), bounded():
        made.get_template(name)


def render(made: Environment, name: str, context: dict[str, Any]) -> str:
    """The named template, rendered. Raises LetterError with the file and line that went wrong, or that does
    what no template may (letter/sandbox.py)."""
    with _explained(name), bounded():
        return made.get_template(name).render(context)


def render_line(made: Environment, source: str, context: dict[str, Any], where: str) -> str:
    """A template out of the configuration, rendered to one line. ``where`` names its key in errors."""
    try:
        with bounded():
            return " ".join(made.from_string(source).render(context).split())
    except TemplateError as error:
        said = _sentence(error)
    except Exception as error:
        said = f"{type(error).__name__}: {_sentence(error)}"
    raise LetterError(f"{where}: {said}", "Correct the template in the configuration.")


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except TemplateNotFound as error:
        raise LetterError(
            f"There is no template {error.name}.", "Check theme.templates and what it includes."
        ) from None
    except TemplateSyntaxError as error:
        raise LetterError(
            f"{error.filename}:{error.lineno}: {_sentence(error.message or error)}", _MEND
        ) from None
    except Exception as error:  # a template is a program: anything may come out of it
        raise LetterError(f"{_place(error) or name}: {_sentence(error)}", _MEND) from None


_MEND = "Mend the template, then run the command again."


def _sentence(said: object) -> str:
    return f"{str(said).rstrip('.')}."


def _place(error: Exception) -> str:
    """The file and line of a template, the innermost."""
    # Jinja rewrites the traceback: lines of templates stand in it as if they were Python's.
    place = ""
    step = error.__traceback__
    while step:
        file = step.tb_frame.f_code.co_filename
        if Path(file).suffix in (".mjml", ".txt", ".html", ".xml", ".css"):
            place = f"{file}:{step.tb_lineno}"
        step = step.tb_next
    return place
