"""The offer that fits the week's posts, and why it is that one."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.errors import RapportError
from pipeline.letter.cta import call_to_action, offer_named
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


SAID = {"read_by": "Ines reads it herself", "answered": "She answers by Friday.", "costs": "Asking is free"}


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_what_the_practice_says_of_a_message_is_said_and_nothing_else(layout: str) -> None:
    settings = config(digest={"layout": layout}, match=SAID)
    made = letter([post(1, "Sleep")], settings)
    for part in (made.html, " ".join(made.text.split())):
        assert "Ines reads it herself. She answers by Friday. Asking is free." in part
    cta = call_to_action(config(match=dict.fromkeys(SAID, "")), [])
    assert cta.promises == ""
    assert (
        call_to_action(config(match=dict.fromkeys(SAID, "") | {"costs": "It is free"}), []).promises
        == "It is free."
    )


@pytest.mark.parametrize(
    ("reply_to", "offered"),
    [
        ("hello@harbourlane.example", True),
        ("", False),
        ("noreply@harbourlane.example", False),
        ("no-reply@harbourlane.example", False),
        ("Do_Not_Reply.letters@harbourlane.example", False),
        ("noemi@harbourlane.example", True),
    ],
)
def test_a_reply_is_offered_where_somebody_reads_it(reply_to: str, offered: bool) -> None:
    made = letter([post(1, "Sleep")], config(newsletter={"reply_to": reply_to}))
    assert ("Or just reply to this letter." in made.html) is offered
    assert ("Or just reply to this letter." in made.text) is offered


def test_what_staff_say_of_it_goes_over_the_one_that_fits() -> None:
    settings, posts = config(match={"variants": [COUPLES]}), [post(1, "Two", categories=("couples",))]
    cta = call_to_action(settings, posts, {"heading": "You two?"})
    assert (cta.heading, cta.button) == ("You two?", "Get matched")
    assert cta.reason == "because “Two” is filed under couples, with words by staff"
    chosen = offer_named(settings, "usual")
    assert call_to_action(settings, posts, chosen).reason == "because staff chose it"


def test_offers_are_named_by_number_or_by_a_category() -> None:
    settings = config(match={"variants": [COUPLES, TEENS]})
    for name in ("1", "couples", " Couples "):
        assert offer_named(settings, name)["heading"] == "Together?"
    assert offer_named(settings, "school") == offer_named(settings, "2")
    with pytest.raises(RapportError, match="no offer '3'") as refused:
        offer_named(settings, "3")
    assert "1 (couples): Together?; 2 (Teenagers, school): " in refused.value.remedy
