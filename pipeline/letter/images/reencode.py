"""An image made anew as every mail client shows it: JPEG, or PNG where it is transparent.

Nothing of the file is kept but the pixels: no EXIF with the place it was taken at, no colour profile.
"""

from __future__ import annotations

import contextlib
from io import BytesIO

from PIL import Image, ImageCms

_ATTEMPTS = ((1.0, 82), (1.0, 72), (0.75, 75), (0.5, 75))
"""Part of the greatest width, and JPEG quality; the next one when the file is still too heavy."""
THUMBNAIL = (608, 456)
"""Pixels. Beside a post's text it takes 152 × 114, on a phone the whole width."""
PORTRAIT = (168, 168)
"""Pixels. Who writes is shown 56 × 56, and screens have three pixels where styles count one."""
_RESIZABLE = ("L", "LA", "RGB", "RGBA", "CMYK")

Encoded = tuple[str, tuple[int, int], bytes]
"""Media type, size and bytes."""


def copy_of(image: Image.Image, widest: int, heavy: int) -> Encoded:
    """A copy of at most ``widest`` pixels and, if it can be, ``heavy`` bytes."""
    profile = image.info.get("icc_profile")
    if image.mode in _RESIZABLE:
        # First made small, then converted: the other way round takes the memory twice.
        image = _fitting(image, widest)
    image = _in_srgb(_fitting(_plain(image), widest), profile)
    kind, content = "image/jpeg", b""
    for part, quality in _ATTEMPTS:
        image = _fitting(image, int(widest * part))
        kind, content = _encoded(image, quality, heavy)
        if len(content) <= heavy:
            break
    return kind, image.size, content


def thumbnail_of(image: Image.Image, shape: tuple[int, int] = THUMBNAIL) -> Encoded:
    """The middle of an image, of the shape that all thumbnails have, or of another one; never blown up.

    Of what stands upright it is the upper part: that is where faces are.
    """
    profile = image.info.get("icc_profile")
    if image.mode not in _RESIZABLE:
        image = _plain(image)
    across, down = shape
    width = min(image.width, image.height * across // down) or 1
    height = min(image.height, image.width * down // across) or 1
    left, top = (image.width - width) // 2, (image.height - height) // 3
    scale = min(1.0, across / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    box = (left, top, left + width, top + height)
    small = image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=2.0)
    kind, content = _encoded(_in_srgb(_plain(small), profile), 78, 90_000)
    return kind, size, content


def is_transparent(image: Image.Image) -> bool:
    """Whether anything can be seen through it."""
    if not image.has_transparency_data:
        return False
    alpha = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    lowest, _ = alpha.getchannel("A").getextrema()
    return bool(lowest < 255)  # type: ignore[operator]


def _encoded(image: Image.Image, quality: int, heavy: int) -> tuple[str, bytes]:
    if image.mode == "RGBA":
        return "image/png", _png(image, heavy)
    return "image/jpeg", _jpeg(image, quality)


def _plain(image: Image.Image) -> Image.Image:
    """In RGBA if anything can be seen through, else in RGB; CMYK waits for its profile."""
    if image.mode == "CMYK":
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        # Sixteen bits a pixel: convert() would cut everything above 255 to white.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return image if is_transparent(image) else image.convert("RGB")


def _fitting(image: Image.Image, widest: int) -> Image.Image:
    """At most ``widest`` wide and thrice as high: a letter is no place for a scroll."""
    scale = min(1.0, widest / image.width, 3 * widest / image.height)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        # A phone's photograph is in Display P3: without its profile it would look washed out.
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
            if converted is not None:
                return converted
    return image.convert("RGB") if image.mode == "CMYK" else image


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    _bare(image).save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def _png(image: Image.Image, heavy: int) -> bytes:
    out = BytesIO()
    _bare(image).save(out, "PNG", optimize=True)
    if out.tell() > heavy:
        out = BytesIO()
        _in_few_colours(image).save(out, "PNG", optimize=True)
    return out.getvalue()


def _in_few_colours(image: Image.Image) -> Image.Image:
    few = image.quantize(256, method=Image.Quantize.FASTOCTREE)
    # The octree takes means, so that what was opaque comes out at 240 of 255: a haze on dark paper.
    colours = few.getpalette("RGBA") or []
    opaque = max(colours[3::4], default=255) or 255
    colours[3::4] = [min(255, alpha * 255 // opaque) for alpha in colours[3::4]]
    few.putpalette(colours, "RGBA")
    return few


def _bare(image: Image.Image) -> Image.Image:
    image.info = {}  # what save() would write along: comments, profile, transparency of another mode
    return image
