"""What check finds in the letter that is shown, kept until something changes: a page asks several times."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pipeline.core import finding
from pipeline.letter.check import check_letter

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.finding import Finding
    from pipeline.editions.edition import Edition


class Findings:
    """Those of the letter that was asked for last."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[Finding]] = {}

    def of(self, installation: Installation, edition: Edition, version: str) -> list[Finding]:
        """``version`` is another one whenever templates or configuration changed."""
        said = (edition.slug, edition.subject, edition.preheader, edition.html, edition.text)
        key = hashlib.blake2b("\0".join((version, *said)).encode()).digest()
        if key not in self._known:
            found = _checked(installation, edition)
            self._known = {key: found}
        return self._known[key]


def _checked(installation: Installation, edition: Edition) -> list[Finding]:
    try:
        return check_letter(installation.config, installation.templates, edition)
    except Exception as error:  # the letter is shown even when check fails
        said = f"check itself failed: {type(error).__name__}: {error}"
        return [finding.error("check", said, "This is a fault of Rapport: please report it.", "check")]
