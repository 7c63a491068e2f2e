"""The address of a smaller copy of an image, for hosts that make one by the address.

Each rule knows one host's way and leaves every other address alone. What comes of it is a guess: who asks
must fall back to the address the blog gave when no image answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

WIDTH = 1200
"""Pixels: twice the letter's 600, for sharp screens."""


def sized(url: str) -> str | None:
    """The address of a copy of the size a letter needs; None when the host is not known to make one."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    for rule in RULES:
        found = rule(host, parts)
        if found is not None:
            return found if found != url else None
    return None


def squarespace(host: str, parts: SplitResult) -> str | None:
    """developers.squarespace.com/using-the-imageloader: ``?format=`` original, 1500w, 1000w, 750w, 500w,
    300w, 100w. 750w is the narrowest that fills the letter's column. Older feeds have the size as a folder.
    """
    if not re.fullmatch(r"images\.squarespace-cdn\.com|static\d?\.squarespace\.com", host):
        return None
    path, found = re.subn(r"/(?:\d+w|original)/(?=[^/]+$)", "/750w/", parts.path)
    return urlunsplit(parts._replace(path=path)) if found else _with_query(parts, {"format": "750w"})


def photon(host: str, parts: SplitResult) -> str | None:
    """developer.wordpress.com/docs/photon/api: ``w`` keeps the proportions; the others cut or shrink.

    Themes put ``w=150&h=150&crop=1`` into feeds: without the crop it is the author's picture again.
    """
    if not re.fullmatch(r"i[0-3]\.wp\.com|[\w-]+\.files\.wordpress\.com", host):
        return None
    return _with_query(parts, {"w": str(WIDTH)}, without=("h", "crop", "resize", "fit", "lb"))


def wordpress_thumbnail(host: str, parts: SplitResult) -> str | None:
    """A WordPress of one's own keeps its smaller copies beside the upload, as name-300x200.jpg
    (developer.wordpress.org/reference/functions/image_make_intermediate_size).

    Which other copies there are cannot be known. So only a copy too small for the letter is replaced, by
    the upload itself; the large ones stay as they are.
    """
    match = re.fullmatch(r"(.+)-(\d{1,4})x\d{1,4}(\.\w{3,4})", parts.path)
    if not match or "/wp-content/uploads/" not in match[1] or int(match[2]) >= 600:
        return None
    return urlunsplit(parts._replace(path=match[1] + match[3], query=""))


def wix(host: str, parts: SplitResult) -> str | None:
    """dev.wix.com, Media Manager, URL-based image transformation: ``fit`` keeps the proportions and never
    scales up. The last part of the path says the format, so WebP and AVIF can be asked for as JPEG.
    """
    match = re.match(r"/media/([\w~%-]+\.(\w{3,4}))(?:/v1/|$)", parts.path)
    if host != "static.wixstatic.com" or not match or match[2].lower() in ("gif", "svg"):
        return None
    kind = "png" if match[2].lower() == "png" else "jpg"
    path = f"/media/{match[1]}/v1/fit/w_{WIDTH},h_{WIDTH},q_80/file.{kind}"
    return urlunsplit(parts._replace(path=path, query=""))


def substack(host: str, parts: SplitResult) -> str | None:
    """substackcdn.com is Cloudinary (cloudinary.com/documentation/transformation_reference): ``w`` with
    ``c_limit`` never scales up. ``f_auto`` stays: Outlook asks without WebP and is given none.
    """
    match = re.match(r"/image/fetch/((?:[^/]*,)?)(?:[^/,]*)(/https?.*)$", parts.path)
    if host != "substackcdn.com" or not match:
        return None
    steps = parts.path.removeprefix("/image/fetch/").partition("/")[0].split(",")
    kept = [step for step in steps if not re.match(r"(?:w|h|c|g|ar|x|y)_", step)]
    signed = 1 if kept and kept[0].startswith("$s_") else 0
    steps = [*kept[:signed], f"w_{WIDTH}", "c_limit", *kept[signed:]]
    return urlunsplit(parts._replace(path=f"/image/fetch/{','.join(steps)}{match[2]}"))


def medium(host: str, parts: SplitResult) -> str | None:
    """miro.medium.com/v2/resize:fit:WIDTH/ID, as Medium's own pages ask; its feeds have max/WIDTH/ID."""
    match = re.fullmatch(
        r"(?:/v2)?/(?:max/\d+|resize:[\w:/]+|fit/\w/\d+/\d+|\d+)?/?(\d\*[\w.-]+)", parts.path
    )
    if not re.fullmatch(r"(?:miro|cdn-images-1)\.medium\.com", host) or not match:
        return None
    return f"https://miro.medium.com/v2/resize:fit:{WIDTH}/{match[1]}"


def ghost(host: str, parts: SplitResult) -> str | None:
    """docs.ghost.org/themes/assets: copies lie under /content/images/size/wWIDTH/. w1000 is one of the
    sizes Ghost itself makes for every post, whatever the theme.
    """
    match = re.fullmatch(
        r"(.*/content/images/)(?:size/[wh\d]+/)?(\d{4}/\d{2}/.+\.(?:jpe?g|png|webp))", parts.path
    )
    return urlunsplit(parts._replace(path=f"{match[1]}size/w1000/{match[2]}")) if match else None


def blogger(host: str, parts: SplitResult) -> str | None:
    """Google's image servers take the size from the address: a folder /s320/ or /w640-h480/, or an ending
    =s320; "-c" crops to a square. Blogger's feeds name s72-c, its posts s320 or s400.
    """
    if not re.fullmatch(r"(?:\d{1,2}\.)?bp\.blogspot\.com|(?:blogger|lh\d)\.googleusercontent\.com", host):
        return None
    size = r"(?:s\d{2,4}|w\d{2,4}(?:-h\d{2,4})?)(?:-[a-z]{1,3}){0,4}"
    path, found = re.subn(rf"/{size}/(?=[^/]{{1,500}}$)", f"/s{WIDTH}/", parts.path, count=1)
    if not found:
        path, found = re.subn(rf"={size}$", f"=s{WIDTH}", parts.path)
    return urlunsplit(parts._replace(path=path)) if found else None


RULES: tuple[Callable[[str, SplitResult], str | None], ...] = (
    squarespace,
    photon,
    wix,
    substack,
    medium,
    ghost,
    blogger,
    wordpress_thumbnail,
)


def _with_query(parts: SplitResult, more: dict[str, str], without: tuple[str, ...] = ()) -> str:
    gone = (*without, *more)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in gone
    ]
    return urlunsplit(parts._replace(query=urlencode([*kept, *more.items()], safe=",:/")))
