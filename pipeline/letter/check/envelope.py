"""What an inbox shows before the letter is opened: sender, subject, preheader."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from pipeline.core.finding import Finding, error, warning
from pipeline.letter.check.reading import CheckedLetter, cut, folded

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SUBJECT = 70
"""Characters. Inboxes on a desktop show 60 to 75 of them, on a phone 30 to 45."""

_SUBJECT = "subject"
_SHORTER = "Give the digest another subject, or the post another title."


def empty(letter: CheckedLetter) -> Iterator[Finding]:
    # RFC 5322 allows it. Filters do not, and a reader cannot tell what the mail is.
    if not letter.edition.subject.strip():
        yield error(
            _SUBJECT, "The subject is empty.", "Correct the digest's subject in the configuration.", _SUBJECT
        )


def length(letter: CheckedLetter) -> Iterator[Finding]:
    # What is cut off is not read.
    size = len(folded(letter.edition.subject))
    if size > LONGEST_SUBJECT:
        yield warning(
            "subject-length",
            f"The subject has {size} characters; inboxes cut it at {LONGEST_SUBJECT} or earlier.",
            _SHORTER,
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
            "Write it as a sentence.",
            _subject_place(letter),
        )
    if re.search(r"[!！]\s*[!！]|[!?]{3}", subject):
        yield warning(
            "shouting",
            "The subject repeats its exclamation marks.",
            "One is enough.",
            _subject_place(letter),
        )


_ANSWERS = re.compile(r"(?i)\s*(?:re|fwd?|aw|wg|antw|sv|vs|rv|tr|odp|r[ée]f)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]")


def answer(letter: CheckedLetter) -> Iterator[Finding]:
    # Google's sender guidelines, message formatting: no "Re:" or "Fwd:" on what answers or forwards nothing.
    if _ANSWERS.match(letter.edition.subject):
        yield warning(
            "reply-trick",
            f"The subject “{cut(letter.edition.subject, 40)}” looks like an answer or a forwarded letter.",
            "Begin it with another word: mailbox providers take this for a trick.",
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
            "Let the template say something.",
            place,
        )
    elif subject and _plain(said).startswith(_plain(subject)):
        yield warning(
            "preheader",
            "The preheader repeats the subject.",
            "Let it say what the subject does not.",
            place,
        )


def sender(letter: CheckedLetter) -> Iterator[Finding]:
    newsletter = letter.config.newsletter
    name = newsletter.sender
    place = f"configuration: newsletter.{'from_name' if newsletter.from_name else 'name'}"
    if any(unicodedata.category(character) in ("So", "Sk", "Cn") for character in name if character > "\x7f"):
        # Google's sender guidelines, message formatting.
        yield warning(
            "sender-name",
            "The sender's name holds an emoji or a symbol.",
            "Leave it out: Gmail's rules forbid it, and filters look for it.",
            place,
        )
    elif not name.isascii():
        # docs.sendgrid.com, mail send, limitations: no Unicode in the from field.
        yield warning(
            "sender-name",
            f"The sender's name {name} is not plain ASCII, which SendGrid does not promise to keep.",
            "Write it without accents, and send a test copy to see what becomes of it.",
            place,
        )
    if re.search(r"[;,]", name):
        # The same page: names may hold neither, because some clients then read two senders.
        yield warning(
            "sender-name",
            "The sender's name holds a comma or semicolon.",
            "Write it without: mail programs part addresses there.",
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
