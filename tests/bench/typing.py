"""From a key to the letter that says it, in Chromium, beside what the browser takes to load the letter alone.

`python -m tests.bench.typing`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pipeline.cli.sample.blog import SampleBlog
from tests.bench.figures import RUNS, show
from tests.browser import CHROMIUM, chromium

CONFIG = """
[newsletter]
name = "Bench"
from_email = "a@example.org"
postal_address = "1 Main Street"
[[feeds]]
url = "{feed}"
[[digests]]
name = "weekly"
backlog = "520w"
"""

KEY = """async words => {
    const field = document.getElementById("intro"), frame = document.querySelector("iframe");
    const began = performance.now();
    field.value = words;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    while (!frame.contentDocument?.body?.textContent.includes(words)) {
        if (performance.now() > began + 20000) throw new Error(`the letter never said: ${words}`);
        await new Promise(done => setTimeout(done, 1));
    }
    return performance.now() - began;
}"""

ALONE = """async () => {
    const frame = document.querySelector("iframe"), address = new URL(frame.src);
    const began = performance.now();
    address.searchParams.set("at", began);
    await new Promise((done, late) => {
        setTimeout(late, 20000);
        frame.onload = done;
        frame.src = address.href;
    });
    return performance.now() - began;
}"""

IDLE = "() => !timers.size && !underWay"


def main() -> None:
    if not CHROMIUM.exists():
        print(f"From a key to the letter: left out, there is no Chromium at {CHROMIUM}")
        return
    with SampleBlog(datetime.now(UTC)) as blog, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rapport.toml").write_text(CONFIG.format(feed=blog.feed_url))
        command = [Path(sys.executable).with_name("rapport"), "preview", "--port", "0", "--json"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as preview:
            try:
                assert preview.stdout
                ours, alone = _times(json.loads(preview.stdout.readline())["address"])
            finally:
                preview.terminate()
    # The first of each does not count: nothing is warm yet.
    key, frame = (statistics.median(times[1:]) / 1000 for times in (ours, alone))
    show("from a key to the letter, in Chromium", key, frame, "its frame alone, loaded anew")


def _times(address: str) -> tuple[list[float], list[float]]:
    """Milliseconds from each key to the letter, and of the letter alone."""
    ours, alone = [], []
    with chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        page.get_by_text("Live: changes show by themselves").wait_for()
        page.locator("#intro").wait_for()  # there may be no letter yet: its pictures are fetched
        for number in range(RUNS + 1):
            ours.append(page.evaluate(KEY, f"Number-{number}"))
            page.wait_for_function(IDLE)
            alone.append(page.evaluate(ALONE))
    return ours, alone


if __name__ == "__main__":
    main()
