"""The process in which a stranger's image is opened: sandbox.py starts it."""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.core.child_process import limit_memory, limit_time
from pipeline.letter.images import svg
from pipeline.letter.images.reencode import PORTRAIT, copy_of, is_transparent, thumbnail_of
from pipeline.letter.images.sandbox import MEMORY, SECONDS
from pipeline.letter.images.svg import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_PIXELS = 40_000_000
"""A phone's photograph has 12 to 50 million; as a page's image, anything near that was never looked at."""
HEAVY, HEAVY_WHEN_WIDE = 300_000, 150_000
"""Bytes. Six posts at the first are 1.8 MB a letter, on somebody's phone, on the train."""
WIDEST = 1200
"""Pixels. Twice the letter's 600: more is seen on no screen."""

_NAMES = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "GIF": "GIF", "WEBP": "WebP", "AVIF": "AVIF"}
_OPENED = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
_SHOWN = ("JPEG", "PNG", "GIF")
"""What every client shows; Outlook for Windows shows no WebP, AVIF or SVG (caniemail.com)."""


@dataclass(frozen=True, slots=True)
class _Tasks:
    copy: bool
    thumbnail: bool
    portrait: bool


_Told = tuple[dict[str, Any], bytes]
"""What is said of an image, and the bytes of its copies."""


def main() -> None:
    content_type, *tasks = sys.argv[1:]
    limit_memory(MEMORY)
    limit_time(SECONDS)
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MOST_PIXELS is stricter
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), content_type, tasks))


def answer(content: bytes, content_type: str, tasks: Sequence[str]) -> bytes:
    """What the parent reads: a line of JSON, then the bytes of the copies that it names."""
    told, copies = _told(
        content, content_type, _Tasks(*(task in tasks for task in ("copy", "thumbnail", "portrait")))
    )
    return json.dumps(told).encode() + b"\n" + copies


def _told(content: bytes, content_type: str, wanted: _Tasks) -> _Told:
    try:
        if svg.is_svg(content):
            return _drawn(content, wanted)
        with Image.open(BytesIO(content), formats=_OPENED) as image:
            return _looked_at(image, content, content_type, wanted)
    except svg.UnsafeDrawing as error:
        return {"problem": str(error)}, b""
    except UnidentifiedImageError:
        kind = content_type.partition(";")[0].strip()[:60]
        return {"problem": f"is not an image{f' but {kind}' if kind else ''}"}, b""
    except (Image.DecompressionBombError, MemoryError):
        return {"problem": "is too large to be opened"}, b""
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError) as error:
        # What Pillow's readers raise on damaged files is any of these.
        cut = "truncated" in str(error)
        return {"problem": "is cut off" if cut else "is damaged"}, b""


def _drawn(content: bytes, wanted: _Tasks) -> _Told:
    image = svg.draw(content, WIDEST)
    told = {"media_type": "image/svg+xml", "width": image.width, "height": image.height}
    flaw = "is SVG, which Outlook and Gmail do not show"
    return _finished(told, flaw, image, wanted)


def _looked_at(image: Image.Image, content: bytes, content_type: str, wanted: _Tasks) -> _Told:
    if image.width * image.height > MOST_PIXELS:
        return {"problem": f"is too large ({image.width} × {image.height} px)"}, b""
    kind = _NAMES.get(image.format or "", image.format or "")
    # Before decoding: a JPEG can be read at half, a quarter or an eighth of its size.
    size = image.size
    image.draft(image.mode, (WIDEST, WIDEST))
    turned = image.getexif().get(0x0112, 1) in range(2, 9)
    still = _still(image)
    upright = ImageOps.exif_transpose(still) if turned else still
    width, height = size if (upright.width > upright.height) == (size[0] > size[1]) else size[::-1]
    if min(width, height) < SMALLEST:
        return {"problem": f"is only {width} × {height} px: an icon, or a pixel that counts readers"}, b""
    told = {"media_type": f"image/{kind.lower()}", "width": width, "height": height}
    flaws = list(_flaws(image, kind, len(content), content_type, turned=turned, width=width))
    if image.tell() > 0:
        flaws.append("moves, and its first frame, all that Outlook shows, is empty")
    return _finished(told, "; ".join(flaws), upright, wanted)


def _flaws(
    image: Image.Image, kind: str, weight: int, content_type: str, *, turned: bool, width: int
) -> Iterator[str]:
    if kind.upper() not in _SHOWN:
        yield f"is {kind}, which Outlook does not show"
    if weight > HEAVY:
        yield f"weighs {_kilobytes(weight)}"
    elif weight > HEAVY_WHEN_WIDE and width > WIDEST:
        yield f"weighs {_kilobytes(weight)}, at {width} px, more than any screen shows of a letter"
    if turned:
        yield "is turned by its EXIF data, which Outlook leaves lying on its side"
    if image.mode == "CMYK":
        yield "has the colours of print (CMYK), which many clients show wrongly"
    said = content_type.partition(";")[0].strip().lower()
    if said and not said.startswith("image/") and kind.upper() in _SHOWN:
        yield f"is sent as {said[:60]}, which clients may refuse to show"


def _kilobytes(weight: int) -> str:
    return f"{weight / 1_000_000:.1f} MB" if weight >= 1_000_000 else f"{weight // 1000} KB"


def _still(image: Image.Image) -> Image.Image:
    """The first frame that shows something; Outlook shows the first frame of an animation and no other.

    Leaves the image at that frame.
    """
    frames = getattr(image, "n_frames", 1)
    for number in range(min(frames, 30)):
        image.seek(number)
        if frames == 1 or not _is_empty(image):
            return image
    image.seek(0)
    return image


def _is_empty(image: Image.Image) -> bool:
    bands = image.convert("RGBA").getextrema()
    return all(low == high for low, high in bands) or bands[3] == (0, 0)  # type: ignore[misc]


def _finished(told: dict[str, Any], flaw: str, image: Image.Image, wanted: _Tasks) -> _Told:
    image.load()  # finds out whether the file is whole
    made = {}
    if flaw and wanted.copy:
        made["copy"] = copy_of(image, WIDEST, HEAVY)
    if wanted.thumbnail:
        made["thumbnail"] = thumbnail_of(image)
    elif wanted.portrait:
        made["thumbnail"] = thumbnail_of(image, PORTRAIT)
    told |= {"flaw": flaw, "transparent": is_transparent(image)}
    told["copies"] = [
        {
            "task": task,
            "media_type": media_type,
            "width": size[0],
            "height": size[1],
            "length": len(content),
        }
        for task, (media_type, size, content) in made.items()
    ]
    return told, b"".join(content for _, _, content in made.values())


if __name__ == "__main__":
    main()
