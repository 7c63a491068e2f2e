"""Jinja as letters, mails and pages need it: with errors that name the template's file and line."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, TemplateError, TemplateNotFound, TemplateSyntaxError

from pipeline.core.errors import LetterError
from pipeline.core.locales import with_colon
from pipeline.core.phrases import FORMER, MOVED
from pipeline.core.words import sentence
from pipeline.letter.budget import bounded
from pipeline.letter.compiled import MARKUP, PLAIN
from pipeline.letter.direction import of_text
from pipeline.letter.missing import Missing, MissingName, in_words
from pipeline.letter.sandbox import Sandbox
from pipeline.letter.shown import fit
from pipeline.letter.syntax import syntax, with_nearest
from pipeline.letter.text import underline, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jinja2 import Environment
    from jinja2.ext import Extension

    from pipeline.core.templates import Templates


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def environment(
    templates: Templates, *, markup: bool, extensions: Sequence[type[Extension]] = ()
) -> Environment:
    """For markup, where values are escaped, or for plain text, where block lines leave no gaps."""
    kept = MARKUP if markup else PLAIN
    return Sandbox(
        extensions=extensions,
        loader=FileSystemLoader(templates.folders, encoding="utf-8-sig"),  # as Notepad writes it
        autoescape=markup,  # in plain text an entity would be shown as it is written
        undefined=Missing,
        trim_blocks=not markup,
        lstrip_blocks=not markup,
        keep_trailing_newline=True,
        bytecode_cache=kept if not extensions else None,
        filters={"wrap": wrap, "underline": underline, "fit": fit, "way": of_text, "colon": with_colon},
    )


def compiled(made: Environment, name: str) -> None:
    """Compile the named template. Raises LetterError with the file and line that went wrong."""
    with _explained(made, name), bounded():
        made.get_template(name)


def render(made: Environment, name: str, context: dict[str, Any]) -> str:
    """The named template, rendered. Raises LetterError with the file and line that went wrong, or that does
    what no template may (letter/sandbox.py)."""
    with _explained(made, name, context), bounded():
        return made.get_template(name).render(context)


def render_line(made: Environment, source: str, context: dict[str, Any], where: str) -> str:
    """A template out of the configuration, rendered to one line. ``where`` names its key in errors."""
    return " ".join(render_source(made, source, context, where).split())


def render_source(made: Environment, source: str, context: dict[str, Any], where: str) -> str:
    """The same with the lines that it has."""
    try:
        with bounded():
            return made.from_string(source).render(context)
    except TemplateSyntaxError as error:
        said = syntax(error, source).said
    except MissingName as error:
        said = in_words(error, source, context)
    except TemplateError as error:
        said = with_nearest(str(error))
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    raise LetterError(f"{where}: {sentence(said)}", "Correct it there; `rapport check` looks at it again.")


@contextmanager
def _explained(made: Environment, name: str, context: Mapping[str, Any] = _NOTHING) -> Iterator[None]:
    try:
        yield
    except TemplateNotFound as error:
        from pipeline.core.suggest import did_you_mean

        if error.name in FORMER:
            raise LetterError(f"There is no template {error.name} any more.", MOVED) from None
        ask = did_you_mean(str(error.name), made.list_templates())
        remedy = f"{ask} Check theme.templates, and the `include` or `import` that names it."
        raise LetterError(f"There is no template {error.name}.", remedy.lstrip()) from None
    except TemplateSyntaxError as error:
        fault = syntax(error, error.source or "")
        raise LetterError(f"{error.filename}:{fault.line}: {sentence(fault.said)}", _MEND) from None
    except UnicodeDecodeError as error:
        from pipeline.core.suggest.file import unreadable

        file = next((file for folder in _folders(made) if (file := folder / name).is_file()), Path(name))
        raise LetterError(*unreadable(file, error)) from None
    except Exception as error:  # a template is a program: anything may come out of it
        place = _place(error)
        said = in_words(error, _line(place), context) if isinstance(error, MissingName) else _said(error)
        raise LetterError(f"{place or name}: {sentence(said)}", _MEND) from None


def _folders(made: Environment) -> Iterator[Path]:
    if isinstance(made.loader, FileSystemLoader):
        yield from map(Path, made.loader.searchpath)


_MEND = "Correct that line of the template; `rapport check` looks at it again."


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "a template or macro calls itself without end"
    return with_nearest(f"{error}")


def _line(place: str) -> str:
    """The line of a template that a place names; empty where it cannot be read."""
    file, _, number = place.rpartition(":")
    try:
        return Path(file).read_text(encoding="utf-8").split("\n")[int(number) - 1]
    except (OSError, ValueError, IndexError):
        return ""


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
