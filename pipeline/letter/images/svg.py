"""SVG drawn to pixels by resvg, which knows no script and no network but would open files.

resvg reads any file that an <image> or <feImage> names (docs.rs/usvg, ImageHrefResolver). So the drawing is
parsed here and written anew, from a list of what may stand in it: whatever resvg's parser takes for a name
or an address, it only sees names and addresses that were judged. Prefixes are written by nobody but us.
"""

from __future__ import annotations

import contextlib
import re
from io import BytesIO
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageFont

from pipeline.core.child_process import forbid_opening_files

SMALLEST = 40
"""Pixels either way. Below it is an icon, or a pixel that counts who opens the letter."""
MOST_BYTES = 1_000_000
"""A drawing that is heavier holds photographs, or a map of every street."""
DEEPEST = 200
"""Elements inside one another. Drawing programs nest about ten."""

_SVG = "http://www.w3.org/2000/svg"
_XML = "http://www.w3.org/XML/1998/namespace"
_DRAWN_NAMES = """
    svg g defs symbol use a switch style
    path rect circle ellipse line polyline polygon text tspan textPath
    linearGradient radialGradient stop pattern clipPath mask marker filter
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
    feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode
    feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
_DRAWN = frozenset(_DRAWN_NAMES.split())
# By their local name in any namespace: no drawing that we draw needs something of that name.
_TAKES_IN = frozenset(("image", "feimage"))
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
# CSS can name a file by each of these; an escape ("\75rl") could spell any of them.
_CSS_REFERENCE = re.compile(r"(?i)\\|@import|(?:image|image-set|src|element|cross-fade)\(")
_URL = re.compile(r"(?i)url\s*+\(\s*+")
_SIDE = re.compile(r"\s*([0-9.]{1,8})\s*(?:px)?\s*")


class UnsafeDrawing(Exception):
    """An SVG that is not drawn, and why."""


def is_svg(content: bytes) -> bool:
    """Whether the root element is called svg, whatever stands before it."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    roots: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: roots.append(name)
    # What is broken may stand after the root.
    with contextlib.suppress(expat.ExpatError, ValueError, LookupError):
        parser.Parse(content[:20_000].lstrip(b"\xef\xbb\xbf \t\r\n"), False)
    return bool(roots) and roots[0].rpartition(":")[2] == "svg"


def draw(content: bytes, width: int) -> Image.Image:
    """The drawing at ``width`` pixels. Raises UnsafeDrawing.

    Meant for a process of its own: it cannot open a file afterwards.
    """
    import resvg_py

    drawing = Drawing(content)
    if drawing.is_icon():
        raise UnsafeDrawing("is the SVG of an icon")
    # Reading the machine's fonts takes longer than the drawing.
    fonts = _fonts() if drawing.has_words else {"skip_system_fonts": True}
    if not drawing.has_words:
        Image.init()  # its readers are modules, and modules are files
        forbid_opening_files()
    try:
        drawn = resvg_py.svg_to_bytes(svg_string="".join(drawing.written), width=width, **fonts)
    except ValueError:
        raise UnsafeDrawing("is a damaged SVG") from None
    image = Image.open(BytesIO(drawn))
    image.load()
    return image


class Drawing:
    """An SVG parsed, judged and written anew. Raises UnsafeDrawing."""

    def __init__(self, content: bytes) -> None:
        self.written: list[str] = []
        self.has_words = False
        self._root: dict[str, str] = {}
        self._namespaces = [{"": "", "xml": _XML}]
        """By prefix; of each open element those that hold in it. A prefix nobody declared has none."""
        self._open: list[str] = []
        """The names of the open elements; empty for one that is not written, nor is what stands in it."""
        self._words: list[str] = []
        """Text since the last tag: it comes in pieces, which could part a word that is looked for."""
        if len(content) > MOST_BYTES:
            raise UnsafeDrawing("is an SVG of more than 1 MB, which is not drawn")
        try:
            source = content.decode().lstrip("\ufeff \t\r\n")
        except UnicodeDecodeError:
            raise UnsafeDrawing("is SVG in another encoding than UTF-8, which is not drawn") from None
        try:
            self._parser(source).Parse(source.encode(), True)
        except (expat.ExpatError, ValueError):
            raise UnsafeDrawing("is a damaged SVG") from None

    def _parser(self, source: str) -> expat.XMLParserType:
        # The encoding given here goes before the one the document names, which could hide what it says.
        # Prefixes are resolved here: expat refuses one that is not declared, and drawings that forget to
        # declare xlink are common.
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = _refuse
        parser.SkippedEntityHandler = _refuse
        parser.ProcessingInstructionHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        return parser

    def is_icon(self) -> bool:
        """By what its root says: drawn, every SVG is as large as one likes."""
        sides = [_SIDE.fullmatch(self._root.get(name, "")) for name in ("width", "height")]
        try:
            return any(float(side[1]) < SMALLEST for side in sides if side)
        except ValueError:
            return False

    def _doctype(self, name: str, system: str | None, public: str | None, has_internal_subset: int) -> None:
        # The line that Inkscape and Illustrator write says nothing; entities stand in the internal subset.
        if has_internal_subset:
            _refuse()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._write_words()
        declared = {
            key.partition(":")[2]: value
            for key, value in attributes.items()
            if key == "xmlns" or key.startswith("xmlns:")
        }
        self._namespaces.append({**self._namespaces[-1], **declared} if declared else self._namespaces[-1])
        prefix, _, local = name.rpartition(":")
        namespace = self._namespaces[-1].get(prefix)
        _judge(local, attributes)
        if not self._open:
            self._root = attributes
            if (namespace, local) != (_SVG, "svg"):
                raise UnsafeDrawing("is a damaged SVG")
        if len(self._open) >= DEEPEST:
            raise UnsafeDrawing("is an SVG that is nested too deep, which is not drawn")
        if namespace == _SVG and local in _DRAWN and (not self._open or self._open[-1]):
            self.has_words = self.has_words or local == "text"
            shown = "".join(f" {key}={quoteattr(value)}" for key, value in _kept(attributes))
            space = f' xmlns="{_SVG}"' if not self._open else ""
            self.written.append(f"<{local}{space}{shown}>")
            self._open.append(local)
        else:
            self._open.append("")

    def _end(self, _: str) -> None:
        self._write_words()
        self._namespaces.pop()
        if name := self._open.pop():
            self.written.append(f"</{name}>")

    def _text(self, text: str) -> None:
        if self._open[-1]:
            self._words.append(text)

    def _write_words(self) -> None:
        if text := "".join(self._words):
            if self._open[-1] == "style":
                _judge_css(text)
            self.written.append(escape(text))
        self._words.clear()


def _judge(local: str, attributes: dict[str, str]) -> None:
    """Raises UnsafeDrawing for what refers to anything but a part of the same drawing, in any namespace."""
    if local.lower() in _TAKES_IN:
        _refuse()
    for name, value in attributes.items():
        key = name.rpartition(":")[2].lower()
        if (key == "href" and not value.strip().startswith("#")) or name == "xml:base":
            _refuse()
        if key == "style":
            _judge_css(value)
        _judge_addresses(value)


def _judge_css(text: str) -> None:
    if _CSS_REFERENCE.search(text):
        _refuse()
    _judge_addresses(text)


def _judge_addresses(text: str) -> None:
    """Presentation attributes (fill, filter, mask) name by url() as styles do."""
    for match in _URL.finditer(text):
        if not text[match.end() : match.end() + 2].lstrip("\"'").startswith("#"):
            _refuse()


def _refuse(*_: object) -> NoReturn:
    raise UnsafeDrawing("is an SVG that takes in other files, which is not drawn")


def _kept(attributes: dict[str, str]) -> list[tuple[str, str]]:
    """SVG's own attributes, with xlink:href under its newer name and xml:space under its own."""
    kept: dict[str, str] = {}
    for name, value in attributes.items():
        if name.rpartition(":")[2] == "href":
            kept.setdefault("href", value.strip())
        elif name == "xml:space" or (_PLAIN_NAME.fullmatch(name) and name != "xmlns"):
            kept[name] = value
    return list(kept.items())


def _fonts() -> dict[str, str]:
    """Names of fonts that are there, for the generic ones.

    resvg takes the first that fontconfig prefers (Noto Sans on Debian), whether it is installed or not, and
    leaves words out for which it finds none; for a font it does not know it takes the serif one.
    """
    try:
        ImageFont.truetype("DejaVuSans.ttf")
    except OSError:
        return {}
    return {
        "sans_serif_family": "DejaVu Sans",
        "serif_family": "DejaVu Serif",
        "monospace_family": "DejaVu Sans Mono",
    }
