"""Posts made to be difficult, each a list under the name of what is difficult about it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.letter.samples import SITE, Picture, post, sample_blog, sample_pictures

if TYPE_CHECKING:
    from pipeline.feeds.posts import Post

WORDS = (
    "People often tell us, a few weeks in, what they did just before their first appointment. "
    "One sat in the car with the engine running."
)
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
HEBREW = "מה קורה בפגישה הראשונה"
HEBREW_WORDS = "אנשים מספרים לנו לעתים קרובות מה עשו רגע לפני הפגישה הראשונה. אחד ישב במכונית."
ARABIC = "ماذا يحدث في الجلسة الأولى؟"
ARABIC_WORDS = "كثيرا ما يخبرنا الناس بما فعلوه قبل موعدهم الأول. جلس أحدهم في السيارة."
CHINESE = "第一次會談會發生什麼事"
CHINESE_WORDS = "幾週之後，人們常告訴我們第一次約診之前做了什麼。有人坐在車裡，引擎開著。"

Case = tuple[list["Post"], dict[int, Picture]]


def image(number: int, title: str, excerpt: str = WORDS, file: str = "two-mugs.jpg") -> Post:
    """A post with a picture of the sample blog."""
    return post(number, title, excerpt, image_url=f"{SITE}/images/{file}", image_alt="Two mugs on a table")


def sized(posts: list[Post], width: int = 1200, height: int = 630) -> dict[int, Picture]:
    """The posts' pictures, all of one size."""
    return {p.id: Picture(p.image_url, width, height, p.image_alt or p.title) for p in posts if p.image_url}


def _long() -> Case:
    posts = [
        image(1, "A title that goes on " * 100),
        image(2, f"{LONG_WORD} {LONG_WORD}", LONG_WORD * 3),
        post(3, "x" * 2_000, "y" * 320),
        post(4, "🙂" * 500, "心" * 320),
        image(5, "&<>\"'" * 40, "</p></td></table><script>alert(1)</script>"),
        post(6, "{{ 7 * 7 }} {% raw %} %%rapport-unsubscribe-html%%", WORDS),
    ]
    return posts, sized(posts)


def _right_to_left() -> Case:
    posts = [
        image(1, HEBREW, HEBREW_WORDS),
        post(2, "A post in English", WORDS, author="דנה כהן"),
        image(3, ARABIC, ARABIC_WORDS),
        post(4, CHINESE, CHINESE_WORDS),
    ]
    return posts, sized(posts)


def _odd_pictures() -> Case:
    posts = [image(n, f"A picture of an odd size, number {n}") for n in range(1, 7)]
    sizes = [(400, 900), (90, 60), (1200, 200), (None, None), (300, 900), (2000, 1000)]
    return posts, {
        p.id: Picture(p.image_url, width, height, p.image_alt or "")
        for p, (width, height) in zip(posts, sizes, strict=True)
    }


def _emoji() -> Case:
    posts = [
        image(1, "Small joys ☕️🌿 of a slow Sunday 👩‍👩‍👧"),
        post(2, "❤️", "🙂 " * 40),
        image(3, "Breathing out 🧘🏽‍♀️", "In… and out. " * 6),
    ]
    return posts, sized(posts)


def _bare() -> Case:
    return [post(1, "A title", "", url=None, author=None, words=0), post(2, "Another", "")], {}


@cache
def cases() -> dict[str, Case]:
    """Every case by name, the sample blog's letter first."""
    blog = sample_blog()
    return {
        "sample": (blog, sample_pictures(blog)),
        "one": (blog[:1], sample_pictures(blog[:1])),
        "six": ([image(n, f"Post number {n} says something") for n in range(1, 7)], {}),
        "no_images": ([post(n, f"Words only, number {n}", WORDS) for n in range(1, 5)], {}),
        "long": _long(),
        "right_to_left": _right_to_left(),
        "odd_pictures": _odd_pictures(),
        "emoji": _emoji(),
        "bare": _bare(),
    }
