"""Makes pipeline/letter/check/caniemail.json out of caniemail's data: what the main clients lack, no more.

    python -m tests.letter.reduce_caniemail caniemail.json

The data is `caniemail.json` of the npm package caniemail (MIT), which is that of caniemail.com (MIT).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parents[2] / "pipeline" / "letter" / "check" / "caniemail.json"

# Where nearly all of a practice's readers are. Outlook for Windows is "classic": Word draws its mail.
CLIENTS = {
    "gmail": {"desktop-webmail": "Gmail (web)", "ios": "Gmail (iOS)", "android": "Gmail (Android)"},
    "outlook": {
        "windows": "Outlook for Windows",
        "outlook-com": "Outlook.com",
        "macos": "Outlook for Mac",
        "ios": "Outlook (iOS)",
        "android": "Outlook (Android)",
    },
    "apple-mail": {"macos": "Apple Mail (Mac)", "ios": "Apple Mail (iOS)"},
    "yahoo": {"desktop-webmail": "Yahoo (web)", "ios": "Yahoo (iOS)", "android": "Yahoo (Android)"},
}
WHOLE = {"gmail": "Gmail", "outlook": "Outlook", "apple-mail": "Apple Mail", "yahoo": "Yahoo"}


def reduced(data: dict[str, Any]) -> dict[str, Any]:
    """Every feature that a main client lacks altogether, with those clients."""
    features = {}
    for feature in sorted(data["data"], key=lambda one: one["slug"]):
        if lacking := _lacking(feature["stats"]):
            features[feature["slug"]] = [feature["title"].strip(), lacking]
    return {
        "source": "https://www.caniemail.com",
        "licence": "MIT, see caniemail.LICENSE",
        "updated": data["last_update_date"][:10],
        "features": features,
    }


def _lacking(stats: dict[str, Any]) -> list[str]:
    lacking: list[str] = []
    for family, platforms in CLIENTS.items():
        without = [name for platform, name in platforms.items() if _newest(stats, family, platform) == "n"]
        lacking += [WHOLE[family]] if len(without) == len(platforms) else without
    return lacking


def _newest(stats: dict[str, Any], family: str, platform: str) -> str:
    """The newest version's answer: y, n, a (almost) or u (unknown); notes follow it."""
    versions = list(stats.get(family, {}).get(platform, {}).values())
    return str(versions[-1])[:1] if versions else "u"


def written(data: dict[str, Any]) -> str:
    """One feature a line, so that a newer data's differences can be read."""
    small = reduced(data)
    lines = [f"{json.dumps(slug)}: {json.dumps(feature)}" for slug, feature in small.pop("features").items()]
    head = json.dumps(small, indent=1)[:-2]
    return head + ',\n "features": {\n  ' + ",\n  ".join(lines) + "\n }\n}\n"


if __name__ == "__main__":
    KEPT.write_text(written(json.loads(Path(sys.argv[1]).read_text("utf-8"))), "utf-8")
