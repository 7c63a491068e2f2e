"""Warnings about subject and preheader lead to commands to be copied, in the letter's own words."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from pipeline.core.templates import PACKAGED, Templates, copy_letter
from pipeline.letter.check.listed import sensitive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.letter.check.conftest import Sample

TITLES = ["Living with grief", "What helps: a walk", "Saying no without a speech"]


def offered(remedy: str, option: str) -> list[str]:
    """The texts of the commands in a remedy, as a shell takes them."""
    lines = [shlex.split(line) for line in remedy.splitlines() if line.strip().startswith("rapport ")]
    assert all(line[:-1] == ["rapport", "editions", "edit", "weekly-1", option] for line in lines)
    return [line[-1] for line in lines]


@pytest.mark.parametrize(
    ("part", "titles"),
    [
        ("subject", TITLES),
        ("preheader", TITLES),
        ("subject", ["Living with grief"]),
        ("preheader", ["Grief", "ADHD", "Depression"]),
        (
            "subject",
            ['Say "no" for $5', "It's `late`!", "Grief, again and again, and what to do about it " * 4],
        ),
        ("subject", ["ADHD: what a morning needs", "PTSD - a calmer week"]),
    ],
)
def test_three_calmer_texts_of_the_letters_own_can_be_copied(
    part: str, titles: list[str], sample: Sample
) -> None:
    posts = [sample.edition["posts"][0] | {"title": title} for title in titles]
    letter = {"subject": "A calm week", "preheader": "And more", "posts": posts}
    findings = sample.findings(**letter | {part: "Grief and ADHD at home"})
    (found,) = [one for one in findings if one.name == "sensitive"]
    texts = offered(found.remedy, f"--{part}")
    assert len({text.casefold() for text in texts}) == 3
    newsletter = sample.config.newsletter
    own = " ".join(
        [*titles, newsletter.name, newsletter.sender, newsletter.from_email, "Weekly no. (1)"]
    ).casefold()
    for text in texts:
        assert len(text) <= 70
        assert list(sensitive(text, Templates(), "en")) == []
        assert text not in ("A calm week", "And more")
        assert [word for word in re.findall(r"\w+", text.casefold()) if word not in own] == []


def test_the_subject_and_the_preheader_are_not_offered_the_same(sample: Sample) -> None:
    posts = [sample.edition["posts"][0] | {"title": title} for title in TITLES]
    findings = sample.findings(subject="Living with grief", preheader="And with ADHD", posts=posts)
    subject, preheader = [one.remedy for one in findings if one.name == "sensitive"]
    assert not set(offered(subject, "--subject")) & set(offered(preheader, "--preheader"))
    assert offered(subject, "--subject")[0] == "What helps: a walk"


@pytest.mark.parametrize("subject", ["x" * 80, "A NEW GROUP BEGINS", "A new group!!!", "RE: Your question"])
def test_other_faults_of_a_subject_offer_others_too(subject: str, sample: Sample) -> None:
    (found,) = sample.findings(subject=subject)
    assert len(offered(found.remedy, "--subject")) == 3


@pytest.mark.parametrize("preheader", ["", "What happens in a first session? Read on."])
def test_faults_of_a_preheader_offer_others(preheader: str, sample: Sample) -> None:
    (found,) = sample.findings(preheader=preheader)
    assert len(offered(found.remedy, "--preheader")) == 3


def test_a_word_is_allowed_for_good_by_taking_it_out_of_ones_copy_of_the_list(
    sample: Sample, tmp_path: Path
) -> None:
    def warned() -> list[str]:
        found = sample.findings(subject="ADHD at work")
        return [one.remedy.splitlines()[-1] for one in found if one.name == "sensitive"]

    (said,) = warned()
    assert said == (
        "To allow “ADHD” for good: `rapport init --templates` copies the list to "
        "templates/letter/sensitive-words.txt; take “adhd” out of it, and set "
        'templates = "templates" under [theme] in rapport.toml.'
    )
    own = tmp_path / "templates"
    copied, _ = copy_letter(own)
    assert "letter/sensitive-words.txt" in copied
    sample.templates = Templates(own)
    words = own / "letter" / "sensitive-words.txt"
    place = words.read_text().splitlines().index("adhd") + 1
    assert warned() == [f"To allow “ADHD” for good, take “adhd” out of {words}:{place}."]
    words.write_text(words.read_text().replace("\nadhd\n", "\n"))
    assert warned() == []


def test_no_remedy_names_a_file_inside_the_package(sample: Sample) -> None:
    findings = sample.findings(subject="Grief", preheader="ADHD", html="<p>Hello</p>", text="Hello")
    assert len(findings) > 8
    assert [one.remedy for one in findings if str(PACKAGED) in one.remedy] == []
