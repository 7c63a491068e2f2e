"""What an SVG may hold to be drawn: parts of itself, and nothing of this machine or of the net."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.letter.images import sandbox
from pipeline.letter.images.svg import Drawing, UnsafeDrawing, is_svg
from tests.letter.images.photographs import file, picture

if TYPE_CHECKING:
    from pathlib import Path

FILE = "/etc/passwd"
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
SVG = "http://www.w3.org/2000/svg"


def drawn(inside: str) -> str:
    """What resvg gets of a drawing."""
    return "".join(Drawing(f"{HEAD}{inside}</svg>".encode()).written)


@pytest.mark.parametrize(
    "inside",
    [
        f'<image href="{FILE}"/>',
        f'<image xlink:href="{FILE}"/>',
        '<image href="data:image/png;base64,AAAA"/>',
        f'<x·:image xmlns:x·="{SVG}" href="{FILE}"/>',
        f'<x·:image xmlns:x·="{SVG}" x·:href="{FILE}"/>',
        f'<é:image xmlns:é="{SVG}" href="{FILE}"/>',
        f'<svg:image href="{FILE}"/>',
        f'<IMAGE href="{FILE}"/>',
        f'<g xmlns="urn:other"><image href="{FILE}"/></g>',
        f'<filter id="f"><feImage href="{FILE}"/></filter>',
        f'<use href="{FILE}#a"/>',
        f'<use href="file://{FILE}#a"/>',
        f'<use xlink:href="#a" href="{FILE}"/>',
        f'<use y:href="{FILE}" xmlns:y="urn:any"/>',
        f'<pattern href="{FILE}"/>',
        '<a href="https://example.org/"><rect/></a>',
        f'<foreignObject><img xmlns="http://www.w3.org/1999/xhtml" href="{FILE}"/></foreignObject>',
        f'<g xml:base="{FILE}"><use href="#a"/></g>',
        f'<rect fill="url({FILE}#a)"/>',
        f"<rect fill=\"URL ( '{FILE}#a' )\"/>",
        f'<rect style="fill:url({FILE})"/>',
        f'<rect style="mask:url(#a);fill:url({FILE})"/>',
        r'<rect style="fill:u\72l(/etc/passwd)"/>',
        f'<style>rect {{ fill: url("{FILE}") }}</style>',
        f'<style>@import "{FILE}";</style>',
        f'<style>@im<!-- -->port "{FILE}";</style>',
        f'<style><![CDATA[@IMPORT "{FILE}";]]></style>',
        f'<style>rect {{ background: image-set("{FILE}" 1x) }}</style>',
        f'<?xml-stylesheet href="{FILE}"?><rect/>',
    ],
)
def test_what_refers_to_anything_but_itself_is_not_drawn(inside: str) -> None:
    with pytest.raises(UnsafeDrawing, match="other files"):
        drawn(inside)


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE svg [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE svg [<!ENTITY % i SYSTEM "file:///etc/passwd"> %i;]>',
        "<!DOCTYPE svg []>",
        '<?xml-stylesheet type="text/css" href="/etc/passwd"?>',
    ],
)
def test_document_types_and_instructions_are_refused(before: str) -> None:
    source = f"{before}{HEAD}</svg>".encode()
    with pytest.raises(UnsafeDrawing, match="other files"):
        Drawing(source)


def test_the_document_type_that_drawing_programs_write_does_no_harm() -> None:
    line = (
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    )
    assert "".join(Drawing(f"{line}{HEAD}<rect/></svg>".encode()).written).endswith("<rect></rect></svg>")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_not_drawn(encoding: str) -> None:
    with pytest.raises(UnsafeDrawing):
        Drawing(f'{HEAD}<image href="{FILE}"/></svg>'.encode(encoding))


def test_the_encoding_that_a_drawing_names_hides_nothing() -> None:
    source = f'<?xml version="1.0" encoding="utf-16"?>{HEAD}<image href="{FILE}"/></svg>'
    with pytest.raises(UnsafeDrawing, match="other files"):
        Drawing(source.encode())


def test_what_is_drawn_is_written_anew_without_prefixes_and_foreign_parts() -> None:
    inside = (
        '<x:metadata xmlns:x="urn:x"><x:rect/></x:metadata><s:g xmlns:s="http://www.w3.org/2000/svg">'
        '<use xlink:href="#a" x="1" onclick="y()" i:label="/home/jane" xmlns:i="urn:i"/></s:g>'
        '<text xml:space="preserve">1 &lt; 2</text><script>alert(1)</script>'
    )
    assert drawn(inside) == (
        f'<svg xmlns="{SVG}" viewBox="0 0 9 9"><g><use href="#a" x="1" onclick="y()"></use></g>'
        '<text xml:space="preserve">1 &lt; 2</text></svg>'
    )


def test_gradients_masks_and_styles_of_the_drawing_itself_are_kept() -> None:
    inside = '<style>.a{fill:url(#g)}</style><rect class="a" mask="url(\'#m\')"/>'
    assert drawn(inside).endswith(inside.replace("/>", "></rect></svg>"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'\xef\xbb\xbf <?xml version="1.0"?><!-- a --><svg xmlns="x">', True),
        (b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', True),
        (b"<!-- a --> " * 1_500 + b"<svg/>", True),
        (b"<!-- a --> " * 1_500, False),
        (b"<!doctype html><p><svg>", False),
        (b"<p><svg/></p>", False),
        (b"<not xml <svg>", False),
        (b"svg", False),
    ],
)
def test_an_svg_is_known_by_its_root(content: bytes, expected: bool) -> None:
    assert is_svg(content) is expected


def test_a_file_of_this_machine_is_never_drawn(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(file(picture(), "PNG"))
    inside = f'<x·:image xmlns:x·="{SVG}" href="{secret}" width="9" height="9"/>'
    found = sandbox.look(f"{HEAD}{inside}</svg>".encode(), "image/svg+xml", copying=True)
    assert "other files" in found.problem
    assert found.copy is None
