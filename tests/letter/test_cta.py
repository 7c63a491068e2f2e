"""The offer that fits the week's posts, and why it is that one."""

from __future__ import annotations

from typing import Any

from pipeline.letter.cta import call_to_action
from tests.letter.samples import config, letter, post

COUPLES: dict[str, Any] = {"categories": ["couples"], "heading": "Together?"}
TEENS: dict[str, Any] = {"categories": ["Teenagers", "school"], "button": "Ask for a place"}


def test_a_variant_is_chosen_by_category_and_says_why() -> None:
    posts = [post(1, "Sleep", categories=("sleep",)), post(2, "Whose turn is it?", categories=("Couples",))]
    cta = call_to_action(config(match={"variants": [COUPLES]}), posts)
    assert cta.heading == "Together?"
    assert cta.text == "Tell us what you need and we will personally match you."
    assert cta.reason == "because “Whose turn is it?” is filed under Couples"


def test_of_several_that_fit_the_first_in_the_configuration_wins() -> None:
    posts = [post(1, "School starts", categories=("school",)), post(2, "Two", categories=("couples",))]
    cta = call_to_action(config(match={"variants": [COUPLES, TEENS]}), posts)
    assert (cta.heading, cta.button) == ("Together?", "Get matched")


def test_without_a_fitting_variant_the_usual_offer_says_what_it_looked_for() -> None:
    cta = call_to_action(config(match={"variants": [COUPLES, TEENS]}), [post(1, "Sleep")])
    assert cta.heading == "Looking for a therapist?"
    assert cta.reason == "because no post is filed under couples, Teenagers, school"


def test_without_variants_it_is_the_only_offer() -> None:
    assert "the only offer" in call_to_action(config(match={"variants": []}), [post(1, "Sleep")]).reason


def test_the_letter_carries_the_reason_for_staff_and_shows_it_to_nobody() -> None:
    made = letter([post(1, "Sleep")], config(match={"variants": []}))
    assert made.cta_reason.startswith("because it is the only offer")
    assert made.cta_reason not in made.html + made.text


def test_without_an_address_the_button_writes_to_the_practice() -> None:
    cta = call_to_action(config(match={"url": ""}), [])
    assert cta.url == "mailto:hello@harbourlane.example"
