"""How long a browser that shows the preview takes to have the new letter after a file was written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

END = "</mj-body>"
IS_THERE = """words =>
    document.querySelector('iframe')?.contentDocument?.body?.textContent.includes(words)"""


def reload_times(page: Page, template: Path, times: int) -> Iterator[float]:
    """Seconds from each write of the template to the new letter in the page's frame.

    ``page`` shows the preview's letter; ``template`` is a letter's MJML, put back as it was at the end.
    """
    source = template.read_text(encoding="utf-8")
    try:
        for number in range(times):
            words = f"Written anew {number} at {time.time_ns()}"
            section = f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"
            page.wait_for_timeout(400)
            began = time.perf_counter()
            template.write_text(source.replace(END, section + END), encoding="utf-8")
            # The page may look into its frame (it runs no script, but is of the same origin).
            page.wait_for_function(IS_THERE, arg=words, polling=2, timeout=1000 * LONGEST)
            yield time.perf_counter() - began
    finally:
        template.write_text(source, encoding="utf-8")
