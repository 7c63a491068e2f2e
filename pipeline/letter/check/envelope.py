"""What an inbox shows before the letter is opened: sender, subject, preheader."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, error, warning
from pipeline.letter.check.calmer import LONGEST, at_least, instead
from pipeline.letter.check.reading import CheckedLetter, cut, folded

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUBJECT = "subject"


def empty(letter: CheckedLetter) -> Iterator[Finding]:
    # RFC 5322 allows it. Filters do not, and a reader cannot tell what the mail is.
    if not letter.edition.subject.strip():
        yield error(_SUBJECT, "The subject is empty.", at_least(letter, _SUBJECT), _SUBJECT)


def length(letter: CheckedLetter) -> Iterator[Finding]:
    # What is cut off is not read.
    size = len(folded(letter.edition.subject))
    if size > LONGEST:
        yield warning(
            "subject-length",
            f"The subject has {size} characters; inboxes cut it at {LONGEST} or earlier.",
            instead(letter, _SUBJECT),
            _subject_place(letter),
        )


def shouting(letter: CheckedLetter) -> Iterator[Finding]:
    # Filters count capitals and exclamation marks (SpamAssassin: SUBJ_ALL_CAPS), and readers dislike them.
    subject = letter.edition.subject
    cased = [character for character in subject if character.isupper() or character.islower()]
    capitals = sum(character.isupper() for character in cased)
    # It takes a word of five letters: PTSD and ADHD are names, not shouting.
    if len(cased) >= 8 and capitals > 0.6 * len(cased) and re.search(r"[^\W\d_]{5}", subject):
        yield warning(
            "shouting",
            "The subject is written in capitals.",
            instead(letter, _SUBJECT),
            _subject_place(letter),
        )
    if re.search(r"[!！]\s*[!！]|[!?]{3}", subject):
        yield warning(
            "shouting",
            "The subject repeats its exclamation marks.",
            instead(letter, _SUBJECT),
            _subject_place(letter),
        )


_ANSWERS = re.compile(r"(?i)\s*(?:re|fwd?|aw|wg|antw|sv|vs|rv|tr|odp|r[ée]f)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]")


def answer(letter: CheckedLetter) -> Iterator[Finding]:
    # Google's sender guidelines, message formatting: no "Re:" or "Fwd:" on what answers or forwards nothing.
    if _ANSWERS.match(letter.edition.subject):
        yield warning(
            "reply-trick",
            f"The subject “{cut(letter.edition.subject, 40)}” looks like an answer or a forwarded letter.",
            f"Mailbox providers take this for a trick. {instead(letter, _SUBJECT)}",
            _subject_place(letter),
        )


def preheader(letter: CheckedLetter) -> Iterator[Finding]:
    # Without one the inbox shows the letter's first words, "View in browser" for one.
    said, subject = folded(letter.edition.preheader), folded(letter.edition.subject)
    place = "template: letter/preheader.txt"
    if not said:
        yield warning(
            "preheader",
            "There is no preheader: beside the subject the inbox shows whatever comes first.",
            instead(letter, "preheader"),
            place,
        )
    elif subject and _plain(said).startswith(_plain(subject)):
        yield warning(
            "preheader",
            "The preheader repeats the subject.",
            instead(letter, "preheader"),
            place,
        )


def sender(letter: CheckedLetter) -> Iterator[Finding]:
    newsletter = letter.config.newsletter
    name = newsletter.sender
    key = f"newsletter.{'from_name' if newsletter.from_name else 'name'}"
    place = f"configuration: {key}"
    if any(unicodedata.category(character) in ("So", "Sk", "Cn") for character in name if character > "\x7f"):
        # Google's sender guidelines, message formatting.
        yield warning(
            "sender-name",
            "The sender's name holds an emoji or a symbol.",
            f"Leave it out of {key} in rapport.toml: Gmail forbids it, and filters look for it.",
            place,
        )
    elif not name.isascii():
        # docs.sendgrid.com, mail send, limitations: no Unicode in the from field.
        yield warning(
            "sender-name",
            f"The sender's name {name} is not plain ASCII, which SendGrid does not promise to keep.",
            f"Write {key} in rapport.toml without accents, or see what becomes of it: "
            f"`rapport send {letter.edition.slug} --test ADDRESS`.",
            place,
        )
    if re.search(r"[;,]", name):
        # The same page: names may hold neither, because some clients then read two senders.
        yield warning(
            "sender-name",
            "The sender's name holds a comma or semicolon.",
            f"Write {key} without it in rapport.toml: mail programs part addresses there.",
            place,
        )


def _subject_place(letter: CheckedLetter) -> str:
    subject = _plain(letter.edition.subject)
    for post in letter.posts:
        if subject and subject == _plain(str(post.get("title") or "")):
            return f"post: {post['title']}"
    return _SUBJECT


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", folded(text)).strip().casefold()
