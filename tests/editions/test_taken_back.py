"""When an address in a draft is another one by now."""

from __future__ import annotations

import pytest

from pipeline.editions.taken_back import _elsewhere


@pytest.mark.parametrize(
    ("said", "now", "elsewhere"),
    [
        ("https://blog.example/a", "https://blog.example/a", False),
        ("http://www.blog.example/a/", "https://blog.example/a", False),
        ("https://blog.example/a?t=1", "https://blog.example/a?t=2", False),  # new at each reading
        ("https://blog.example/a", "https://blog.example/b", True),
        ("https://blog.example/a", "https://new.example/a", True),
        (None, "https://blog.example/a", False),
        ("https://blog.example/a", None, False),
    ],
)
def test_a_page_is_elsewhere_when_its_host_or_path_is_another(
    said: str | None, now: str | None, elsewhere: bool
) -> None:
    assert _elsewhere(said, now) is elsewhere
