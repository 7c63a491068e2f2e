"""Which settings go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.providers.choice import provider

if TYPE_CHECKING:
    from pathlib import Path

HEARS = {"webhook_public_key": "a key"}


def chosen(folder: Path, **delivery: Any) -> None:
    newsletter = {"name": "L", "from_email": "a@example.org", "public_url": "https://letter.example.org"}
    feeds = [{"url": "https://example.org/feed"}]
    config = Config.model_validate({"newsletter": newsletter, "feeds": feeds, "delivery": delivery})
    provider(config, folder).close()


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        ({"provider": "outbox"}, '"outbox" tells of none'),
        ({"provider": "smtp", "sendgrid": HEARS}, '"smtp" tells of none'),
        ({"provider": "sendgrid"}, "webhook_public_key is empty"),
    ],
)
def test_nothing_is_sent_again_where_nothing_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivery: dict[str, Any], said: str
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.a.key")
    with pytest.raises(ConfigError, match=said) as refused:
        chosen(tmp_path, on_uncertain="resend", **delivery)
    assert '"hold"' in refused.value.remedy
    chosen(tmp_path, on_uncertain="resend", provider="sendgrid", sendgrid=HEARS)
