"""Images made on the spot, one of each kind that blogs have."""

from __future__ import annotations

import random
import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw


def picture(width: int = 600, height: int = 400, mode: str = "RGB") -> Image.Image:
    """A picture with a light upper and a dark lower half, a red left edge, and a seam between them."""
    image = Image.new(mode, (width, height), "#dfe8ea")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill="#20343a")
    draw.rectangle((0, 0, width // 10, height), fill="#c03020")
    return image


def noise(width: int, height: int) -> Image.Image:
    """What no format can make small."""
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def file(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(width: int = 600, height: int = 400, **options: Any) -> bytes:
    return file(picture(width, height), "JPEG", **options)


def exif(orientation: int) -> bytes:
    """EXIF with an orientation and a place where it was taken."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags.get_ifd(0x8825)[2] = (47.0, 22.0, 33.0)
    tags[0x8825] = {1: "N", 2: (47.0, 22.0, 33.0), 3: "E", 4: (8.0, 32.0, 0.0)}
    return tags.tobytes()


def seen_through(width: int = 600, height: int = 400) -> Image.Image:
    image = picture(width, height, "RGBA")
    image.putalpha(Image.linear_gradient("L").resize((width, height)))
    return image


def animation(*frames: Image.Image) -> bytes:
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    return out.getvalue()


@cache
def bomb(side: int, claimed: int | None = None) -> bytes:
    """A PNG of side × side black pixels, or as many as its header is to claim: a few kilobytes that unpack
    to a thousand times that."""
    packer = zlib.compressobj(strategy=zlib.Z_RLE)  # black after black, found at once
    row = b"\0" * (1 + side * 3)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", claimed or side, claimed or side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
