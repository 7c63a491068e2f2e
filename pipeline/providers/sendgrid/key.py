"""The API key, before anything is asked with it."""

from __future__ import annotations

from pipeline.core.errors import ProviderError


def checked(api_key: str) -> str:
    """A key fit for a header. Raises ProviderError, which does not quote it."""
    # A key read from a file ends in a newline. An empty one must not reach the package, which would
    # look for another in the environment and, finding none, send "Bearer None".
    api_key = api_key.strip()
    if not api_key:
        raise ProviderError("There is no SendGrid API key.", "Set SENDGRID_API_KEY.")
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise ProviderError(
            "The SendGrid API key holds characters that no key has.",
            "Copy it into SENDGRID_API_KEY again.",
        )
    return api_key
