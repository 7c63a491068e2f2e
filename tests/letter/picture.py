"""The README's picture: the sample letter, light and dark, side by side (`make picture`)."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from tests.browser import chromium, show
from tests.letter.cases import cases
from tests.letter.samples import config, letter

WIDTH, HEIGHT = 600, 1320


def main(file: Path) -> None:
    posts, pictures = cases()["sample"]
    html = letter(posts, config(), images=pictures).html
    shots = []
    with chromium() as browser:
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
            show(page, html)
            shots.append(Image.open(io.BytesIO(page.screenshot())))
            page.close()
    both = Image.new("RGB", (2 * WIDTH + 24, HEIGHT), "white")
    for number, shot in enumerate(shots):
        both.paste(shot, (number * (WIDTH + 24), 0))
    both.quantize(192).save(file, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
