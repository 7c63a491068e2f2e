"""What docs/channels.md tells to write is a configuration that Rapport takes."""

from __future__ import annotations

import tomllib

from pipeline.core.config import Config
from tests.docs.machine import SOURCE


def test_the_channels_that_it_shows_are_taken() -> None:
    text = (SOURCE / "docs" / "channels.md").read_text()
    written = tomllib.loads(text.partition("```toml\n")[2].partition("```")[0])
    config = Config.model_validate(
        {
            "newsletter": {"name": "A", "from_email": "a@willow.example"},
            "feeds": [{"url": "https://willow.example/feed"}],
            **written,
        }
    )
    named = {channel.kind: channel.variable for channel in config.channels}
    assert named == {
        "mastodon": "RAPPORT_CHANNEL_FEDIVERSE",
        "bluesky": "RAPPORT_CHANNEL_SKY",
        "webhook": "RAPPORT_CHANNEL_SITE",
    }
