"""Which posts an edition has and in which order, as staff name them: by number, or one moved at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.editions.edition import Edition

MOST_POSTS = 25
"""As many as max_posts may be: more would be clipped by Gmail."""

DIRECTIONS = ("up", "down", "out", "in", "before")


@dataclass(frozen=True, slots=True)
class Move:
    """A post, by its id, goes somewhere else: `up` or `down` by one, `out` of the letter, `in` at its end, or
    `before` another post (0: to the end)."""

    post: int
    to: str
    before: int = 0


def moved(edition: Edition, move: Move) -> list[int]:
    """The ids of the edition's posts once a move is made. Raises RapportError for one that makes no sense."""
    order: list[int] = [post["id"] for post in edition.posts]
    known = [post["id"] for post in (*edition.posts, *edition.left_out) if "id" in post]
    if move.post not in known or (move.to in ("up", "down", "out") and move.post not in order):
        raise RapportError(
            f"{edition.slug} has changed meanwhile: the post is not there.", "Look at it again."
        )
    at = order.index(move.post) if move.post in order else len(order)
    rest = [post for post in order if post != move.post]
    match move.to:
        case "up" | "down":
            at = max(0, min(len(rest), at + (1 if move.to == "down" else -1)))
        case "in":
            at = len(rest)
        case "before":
            at = rest.index(move.before) if move.before in rest else len(rest)
        case "out":
            return _fitting(edition, rest)
        case _:
            raise RapportError(f"A post cannot go {move.to[:20]!r}.", f"Say one of {', '.join(DIRECTIONS)}.")
    return _fitting(edition, [*rest[:at], move.post, *rest[at:]])


def numbered(edition: Edition, posts: Sequence[int] | None, drop: Sequence[int]) -> list[int]:
    """The ids of the posts that staff name by their numbers in `rapport editions show`."""
    known = [*edition.posts, *edition.left_out]
    inside = range(1, len(edition.posts) + 1)
    named = list(inside if posts is None else posts)
    for number in (*named, *drop):
        if not 1 <= number <= len(known) or "id" not in known[number - 1]:
            raise RapportError(
                f"{edition.slug} has no post {number}.",
                f"Take the numbers from `rapport editions show {edition.slug}`.",
            )
    for number in drop:
        if number not in named:
            raise RapportError(f"Post {number} is not in {edition.slug}.", "Leave it out of --drop.")
    if len(set(named)) < len(named):
        raise RapportError("A post can be in a letter once.", "Name each number once.")
    return _fitting(edition, [known[number - 1]["id"] for number in named if number not in drop])


def _fitting(edition: Edition, posts: list[int]) -> list[int]:
    if not posts:
        remedy = f"To send none this time: `rapport editions skip {edition.slug}`."
        raise RapportError("A letter needs a post.", remedy)
    if len(posts) > MOST_POSTS:
        raise RapportError(f"{MOST_POSTS} posts are the most.", "Choose fewer.")
    return posts
