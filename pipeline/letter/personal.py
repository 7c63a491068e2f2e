"""The personal fields of a letter: the only bytes that differ from reader to reader.

A letter is composed once an edition, with a tag in the place of each personal field; delivery says for each
reader by what the tag is replaced. HTML and text have different tags, because a provider puts the values in
as they are: for HTML they must be escaped and ASCII (docs.sendgrid.com, mail-send: substitutions).
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pipeline.letter.list_id import header_value
from pipeline.providers import Readers, Recipient
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.config import Config
    from pipeline.core.sections.newsletter import Newsletter
    from subscribers.tokens import Tokens

# RFC 5322, 2.1.1: a line has at most 998 characters, the header's name and the brackets included.
_LONGEST_VALUE = 998 - len("List-Unsubscribe: ")

_PLAIN = "@!$'*+"
"""Beside letters, digits and -._~: what an address may hold (RFC 5322's atoms) and a URI need not encode."""

TAG = re.compile(r"%%rapport-[a-z-]*%%")

_OWN_PAGE = re.compile(r"/(?:unsubscribe|preferences|confirm)/[\w-]{20,}")
"""The path of a page that is one reader's own. It can stand in a letter that staff pasted it into."""


class Tags(NamedTuple):
    unsubscribe: str
    preferences: str


HTML_TAGS = Tags("%%rapport-unsubscribe-html%%", "%%rapport-preferences-html%%")
TEXT_TAGS = Tags("%%rapport-unsubscribe-text%%", "%%rapport-preferences-text%%")

HOSTED_TAGS = Tags("%%rapport-unsubscribe-hosted%%", "")
"""The tag of both parts, where SendGrid puts the address of its own page (subscription_tracking,
substitution_tag: "the URL of the link will be placed at the substitution tag's location with no additional
formatting")."""

NOBODY = "https://unsubscribe.example/preview"
"""Stands for the address of SendGrid's page in previews."""


class Parts(NamedTuple):
    html: Tags
    text: Tags


def tags(config: Config) -> Parts:
    """The tags that a letter holds under this configuration."""
    hosted = config.delivery.hosted_unsubscribe
    return Parts(HOSTED_TAGS, HOSTED_TAGS) if hosted else Parts(HTML_TAGS, TEXT_TAGS)


def is_of(config: Config, letter: str) -> bool:
    """Whether a letter (either of its parts) was composed for the way to unsubscribe that is configured."""
    return (HOSTED_TAGS.unsubscribe in letter) == config.delivery.hosted_unsubscribe


def is_personal(address: str) -> bool:
    """Whether a link leads to one reader's own page, or will once its tag is replaced."""
    return bool(TAG.search(address) or _OWN_PAGE.search(address))


def impersonal(text: str) -> str:
    """Text of a letter without tags, and without addresses of one reader's own pages."""
    return " ".join(word for word in TAG.sub("", text).split(" ") if not _OWN_PAGE.search(word))


_TAG_LIKE = re.compile(r"%(?=%rapport-)|\{(?=[{%])")


def inert(text: str) -> str:
    """Text from outside, changed so that nothing in it can be taken for a tag, ours or Jinja's, and without
    control characters, of which MJML takes none: Word's line break is one."""
    return _TAG_LIKE.sub(lambda match: f"{match[0]}\u2060", text.translate(_CONTROLS))


_CONTROLS = {number: None for number in (*range(32), 127) if chr(number) not in "\t\n\r"} | {11: " ", 12: " "}


class Links:
    """Makes the personal part of a letter: signed links, and the list headers that hold them.

    ``list_id`` is the digest's, without brackets; by default the one that a new digest gets.
    """

    def __init__(self, config: Config, tokens: Tokens, digest: str, list_id: str = "") -> None:
        self._config = config
        self._tokens = tokens
        self._list_id = list_id or new_list_id(config, digest)

    def recipients(self, members: Sequence[tuple[int, str]], edition: int) -> Sequence[Recipient]:
        """Readers of one edition, by subscriber id and address, with headers and fields filled in."""
        if self._config.delivery.hosted_unsubscribe:
            return [_hosted(self._config.newsletter.name, self._list_id, *member) for member in members]
        who = [subscriber for subscriber, _ in members]
        addresses = [address for _, address in members]
        tokens = self._tokens.sign_all(Purpose.LETTER, who, edition)
        people = list(zip(who, addresses, tokens, strict=True))
        return Readers(people, _Reader(self._config.newsletter, self._list_id).recipient)


def sample(config: Config, digest: str, address: str, list_id: str = "") -> Recipient:
    """A reader who is nobody (subscriber 0), for previews: with links that do nothing."""
    list_id = list_id or new_list_id(config, digest)
    if config.delivery.hosted_unsubscribe:
        return replace(
            _hosted(config.newsletter.name, list_id, 0, address), fields={HOSTED_TAGS.unsubscribe: NOBODY}
        )
    return _Reader(config.newsletter, list_id).recipient(0, address, "preview")


def tester(config: Config, digest: str, address: str) -> Recipient:
    """The same for a copy that is mailed to staff: with list headers, so that what becomes of them on the way
    can be looked at (`rapport doctor --mail`). Their links do nothing, as those in the letter. Where SendGrid
    puts its own link in, that link works: whoever follows it is unsubscribed."""
    if config.delivery.hosted_unsubscribe:
        return Recipient(0, address, {}, {})
    return sample(config, digest, address)


def new_list_id(config: Config, digest: str) -> str:
    """The List-Id that a digest gets with its first letter (RFC 2919, 2: below a name that is the list's)."""
    if config.delivery.hosted_unsubscribe:
        return f"{digest}.{config.newsletter.from_email.rpartition('@')[2]}"
    host = re.sub(r"^https?://|[:/].*$", "", config.newsletter.pages)
    return f"{digest}.{host}"


def _hosted(name: str, list_id: str, subscriber: int, address: str) -> Recipient:
    # SendGrid adds List-Unsubscribe and List-Unsubscribe-Post itself; with ours there would be two of each.
    return Recipient(subscriber, address, {"List-Id": header_value(name, list_id)}, {})


class _Reader:
    """Makes the headers and fields of a digest's readers. What is the same for all of them is made once:
    there may be a million."""

    def __init__(self, newsletter: Newsletter, list_id: str) -> None:
        self._unsubscribe = f"{newsletter.pages}/unsubscribe/"
        self._preferences = f"{newsletter.pages}/preferences/"
        self._unsubscribe_html = _in_html(self._unsubscribe)
        self._preferences_html = _in_html(self._preferences)
        mailto = newsletter.unsubscribe_mailto
        self._also = _mailto(mailto) if mailto else ""
        self._list = header_value(newsletter.name, list_id)

    def recipient(self, subscriber: int, address: str, token: str) -> Recipient:
        """One reader with their token. It is URL-safe, so it looks the same in HTML."""
        value = f"<{self._unsubscribe}{token}>"
        also = f", <{self._also}{token}>" if self._also else ""
        if len(value) + len(also) > _LONGEST_VALUE:
            also = ""  # RFC 8058 asks for the https link alone
        headers = {
            # RFC 8058, 3.1: one https URI, and the POST header exactly like this.
            "List-Unsubscribe": value + also,
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": self._list,
        }
        fields = {
            HTML_TAGS.unsubscribe: self._unsubscribe_html + token,
            HTML_TAGS.preferences: self._preferences_html + token,
            TEXT_TAGS.unsubscribe: self._unsubscribe + token,
            TEXT_TAGS.preferences: self._preferences + token,
        }
        return Recipient(subscriber, address, headers, fields)


def _mailto(address: str) -> str:
    # RFC 6068, 2: characters that have a meaning in a URI are encoded. The token after it says whom the mail
    # is about, whatever address it comes from.
    return f"mailto:{quote(address, safe=_PLAIN)}?subject=unsubscribe%20"


def _in_html(value: str) -> str:
    return html.escape(value).encode("ascii", "xmlcharrefreplace").decode()
