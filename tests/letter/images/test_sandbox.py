"""What an image's bytes are found to be, and the copies made of them.

The rules are the child's, called in this process; what its limits are for goes ``through_the_child``.
"""

from __future__ import annotations

import resource
import sys
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

from pipeline.core import child_process
from pipeline.letter.images import sandbox
from pipeline.letter.images.sandbox import Copy, Look
from tests.letter.images.inprocess import look
from tests.letter.images.photographs import animation, bomb, exif, file, jpeg, noise, picture, seen_through

if TYPE_CHECKING:
    from pathlib import Path

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 40">%s</svg>'
CIRCLE = SVG % b'<circle cx="30" cy="20" r="15" fill="teal"/>'


@pytest.fixture(autouse=True)
def _as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the child is the process it is for who installed it, not a fork (tests/commands)."""
    monkeypatch.setattr(sandbox, "command", child_process.command)


def through_the_child(content: bytes, content_type: str = "") -> Look:
    return sandbox.look(content, content_type, copying=True)


def copy_of(content: bytes, content_type: str = "") -> tuple[Copy, Image.Image]:
    return opened(look(content, content_type))


def opened(found: Look) -> tuple[Copy, Image.Image]:
    """The copy that was made, and the picture that it shows."""
    copy = found.copy
    assert copy is not None
    image = Image.open(BytesIO(copy.content))
    image.load()
    assert image.size == (copy.width, copy.height)
    assert image.get_format_mimetype() == copy.media_type
    return copy, image


def test_the_real_child_finds_and_copies_the_same() -> None:
    contents = [
        (file(picture(), "WEBP"), "image/webp"),
        (jpeg(), "text/plain"),
        (CIRCLE, "image/svg+xml"),
        (jpeg()[:2000], ""),
        (b"", "text/html"),
    ]
    for content in contents:
        assert through_the_child(*content) == look(*content)
    assert sandbox.look(*contents[0], copying=False) == look(*contents[0], copying=False)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_what_every_client_shows_stays_as_it_is(kind: str) -> None:
    assert look(file(picture(), kind), f"image/{kind.lower()}") == Look(f"image/{kind.lower()}", 600, 400)


@pytest.mark.parametrize(
    ("kind", "name"), [("WEBP", "WebP"), ("AVIF", "AVIF"), ("BMP", "BMP"), ("TIFF", "TIFF")]
)
def test_what_outlook_does_not_show_is_copied_as_jpeg(kind: str, name: str) -> None:
    found = look(file(picture(), kind), f"image/{kind.lower()}")
    assert found.flaw.startswith(f"is {name}, which Outlook does not show")
    copy, image = opened(found)
    assert copy.media_type == "image/jpeg"
    assert image.size == (600, 400)
    assert image.getpixel((300, 100))[1] > 200  # light above, as it was
    assert image.getpixel((300, 300))[1] < 80


def test_transparency_is_kept_in_a_png() -> None:
    copy, image = copy_of(file(seen_through(), "WEBP"))
    assert copy.media_type == "image/png"
    assert image.getchannel("A").getextrema() == (0, 255)


def test_an_alpha_channel_that_hides_nothing_is_no_reason_for_a_png() -> None:
    copy, _ = copy_of(file(picture(mode="RGBA"), "WEBP"))
    assert copy.media_type == "image/jpeg"


def test_without_copying_a_flaw_is_only_told() -> None:
    found = look(file(picture(), "WEBP"), copying=False)
    assert (found.width, found.height, found.copy) == (600, 400, None)
    assert "Outlook" in found.flaw


@pytest.mark.parametrize("image", [noise(2000, 1500), noise(800, 3000)])
def test_a_heavy_photograph_is_made_light(image: Image.Image) -> None:
    content = file(image, "JPEG", quality=95)
    found = look(content)
    assert "MB" in found.flaw
    copy, small = opened(found)
    assert small.width <= 1200
    assert len(copy.content) < len(content) / 3
    ratio = image.width / image.height
    assert small.width / small.height == pytest.approx(ratio, rel=0.01)


def test_a_heavy_transparent_image_is_made_light_and_stays_transparent() -> None:
    image = noise(1300, 700).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(image.size))
    copy, small = copy_of(file(image, "PNG"))
    assert copy.media_type == "image/png"
    assert small.convert("RGBA").getchannel("A").getextrema() == (0, 255)
    assert len(copy.content) < 600_000


def test_a_wide_image_that_is_light_stays_as_it_is() -> None:
    found = look(jpeg(2400, 1600))
    assert (found.width, found.height, found.flaw, found.copy) == (2400, 1600, "", None)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_what_exif_turns_is_measured_and_copied_upright(kind: str) -> None:
    content = file(picture(600, 400), kind, exif=exif(6))  # to be turned right by a quarter
    found = look(content)
    assert (found.width, found.height) == (400, 600)
    assert "EXIF" in found.flaw
    _, image = opened(found)
    assert image.size == (400, 600)
    left, right = image.getpixel((50, 300)), image.getpixel((350, 300))
    assert left[1] < 80 < 200 < right[1]  # what was the lower half lies left


def test_a_copy_says_nothing_of_camera_place_or_author() -> None:
    comment = "taken at home by Jane"
    content = file(picture(), "JPEG", exif=exif(3), comment=comment)
    assert b"Exif" in content
    for made in (copy_of(content), copy_of(file(picture(), "WEBP", exif=exif(1), xmp=comment.encode()))):
        copy, image = made
        assert not image.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)
        assert b"Jane" not in copy.content


def test_a_colour_profile_is_worked_into_the_colours() -> None:
    ours = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile in which red is what blue is in sRGB.
    swapped = ours.replace(b"rXYZ", b"?XYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"?XYZ", b"bXYZ", 1)
    for image in (Image.new("RGB", (300, 300), (200, 30, 30)), seen_through()):
        copy, made = copy_of(file(image, "WEBP", icc_profile=swapped, lossless=True))
        red, _, blue, *_ = made.convert("RGBA").getpixel((5, 290))
        assert blue > 2 * red
        assert b"icc" not in copy.content.lower()


def test_a_colour_profile_that_cannot_be_read_is_passed_over() -> None:
    unfit = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = Image.new("RGB", (300, 300), (200, 30, 30))
    damaged = file(image, "WEBP", icc_profile=b"nothing that could be read")
    assert copy_of(damaged)[1].getpixel((9, 9)) == pytest.approx((200, 30, 30), abs=6)
    unfitting = file(image, "WEBP", icc_profile=unfit)
    assert copy_of(unfitting)[1].getpixel((9, 9)) == pytest.approx((200, 30, 30), abs=6)


def test_the_colours_of_print_become_those_of_screens() -> None:
    content = file(picture().convert("CMYK"), "JPEG")
    found = look(content)
    assert "CMYK" in found.flaw
    _, image = opened(found)
    assert image.mode == "RGB"
    assert image.getpixel((300, 100))[1] > 180


def test_sixteen_bits_of_grey_do_not_become_white() -> None:
    image = Image.new("I;16", (300, 200), 32768)
    _, made = copy_of(file(image, "TIFF"))
    assert made.getpixel((100, 100))[0] == pytest.approx(127, abs=4)


def test_an_animation_keeps_moving_when_its_first_frame_shows_something() -> None:
    assert look(animation(picture(), picture(600, 400).rotate(180))).flaw == ""


def test_an_animation_that_begins_with_nothing_is_copied_from_where_it_shows_something() -> None:
    content = animation(Image.new("RGB", (600, 400), "white"), picture())
    found = look(content)
    assert "first frame" in found.flaw
    _, image = opened(found)
    assert image.getpixel((300, 300))[1] < 80


def test_a_heavy_animation_becomes_a_still() -> None:
    frames = [noise(500, 400).rotate(turn) for turn in range(2)]
    copy, _ = copy_of(animation(*frames))
    assert copy.media_type == "image/jpeg"


@pytest.mark.parametrize("size", [(1, 1), (39, 300), (300, 2)])
def test_a_pixel_or_an_icon_is_never_shown(size: tuple[int, int]) -> None:
    found = look(file(picture(*size), "PNG"))
    assert found.width is None
    assert f"{size[0]} × {size[1]} px" in found.problem


def test_an_svg_is_drawn() -> None:
    found = look(b'<?xml version="1.0"?>\n<!-- Made by hand -->\n' + CIRCLE, "image/svg+xml")
    assert found.media_type == "image/svg+xml"
    assert "Gmail" in found.flaw
    copy, image = copy_of(CIRCLE)
    assert copy.media_type == "image/png"
    assert image.size == (1200, 800)
    assert image.getpixel((600, 400)) == (0, 128, 128, 255)
    assert image.getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    "font", [b"sans-serif", b"serif", b"monospace", b"Nobody Has This, sans-serif", b"Nobody"]
)
def test_the_words_of_an_svg_are_drawn_as_well(font: bytes) -> None:
    words = b'<text x="5" y="25" font-size="20" font-family="%s">Calm</text>' % font
    _, image = copy_of(SVG % words)
    assert image.getchannel("A").getextrema()[1] == 255


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (b'<image href="%s" width="60" height="40"/>', "other files"),
        (b'<svg:image xmlns:svg="http://www.w3.org/2000/svg" xlink:href="%s"/>', "other files"),
        (b'<filter id="f"><feImage href="%s"/></filter>', "other files"),
    ],
)
def test_an_svg_cannot_show_a_file_of_this_machine(tmp_path: Path, inside: bytes, said: str) -> None:
    secret = tmp_path / "secret.png"
    picture().save(secret)
    found = look(SVG % (inside % str(secret).encode()))
    assert said in found.problem
    assert found.copy is None


def test_an_svg_with_entities_is_refused() -> None:
    source = b'<!DOCTYPE svg [<!ENTITY i "<im">]>' + SVG % b"&i;age/>"
    assert "other files" in look(source).problem


@pytest.mark.parametrize(
    "inside",
    [
        b"<g>" * 100_000 + b"</g>" * 100_000,
        b'<filter id="f" x="0" y="0" width="1" height="1">'
        + b'<feTurbulence baseFrequency="0.01" numOctaves="2000"/><feGaussianBlur stdDeviation="500"/>' * 50
        + b'</filter><rect width="60" height="40" filter="url(#f)"/>',
        b'<g id="a0"><rect width="1" height="1"/></g>'
        + b"".join(b'<g id="a%d">%s</g>' % (n, b'<use href="#a%d"/>' % (n - 1) * 10) for n in range(1, 12)),
    ],
    ids=["deep", "filters", "laughs"],
)
def test_an_svg_made_to_hang_or_crash_costs_one_child_and_no_more(
    inside: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 1)
    assert through_the_child(SVG % inside).problem


def test_the_svg_of_an_icon_is_not_shown() -> None:
    assert "icon" in look(CIRCLE.replace(b"viewBox", b'width="24" height="24px" viewBox')).problem


@pytest.mark.parametrize(
    "content", [b"", b"<!doctype html><p>Sign in</p><svg></svg>", b"%PDF-1.7", b"\x1f\x8b\x08"]
)
def test_what_is_no_image_is_said_to_be_what_it_is(content: bytes) -> None:
    assert look(content, "text/html; charset=utf-8").problem == "is not an image but text/html"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_a_file_that_is_cut_off_is_not_shown(kind: str) -> None:
    content = file(noise(400, 300), kind)
    found = look(content[: len(content) // 2])
    assert found.problem
    assert found.width is None


def test_an_image_under_a_false_type_is_copied() -> None:
    found = look(jpeg(), "text/plain")
    assert "text/plain" in found.flaw
    assert found.copy is not None
    assert look(jpeg(), "image/png").flaw == ""  # clients go by the bytes


def test_a_bomb_is_refused_by_its_header() -> None:
    content = bomb(7_000)
    assert len(content) < 200_000
    assert through_the_child(content).problem == "is too large (7000 × 7000 px)"


def test_a_header_that_claims_more_than_any_memory_is_refused() -> None:
    assert through_the_child(bomb(100, claimed=60_000)).problem == "is too large to be opened"


def test_the_largest_image_that_is_opened_fits_the_childs_memory() -> None:
    copy, _ = opened(
        through_the_child(file(Image.new("RGBA", (8_000, 4_990), (9, 9, 9, 99)), "PNG", compress_level=1))
    )
    assert copy.width == 1200
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert used * (1 if sys.platform == "darwin" else 1024) < sandbox.MEMORY


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_SECRET", "s3cret")
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.x")
    assert set(child_process.environment()) == {"PYTHONPATH", "PATH"}
