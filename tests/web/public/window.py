"""The pages of `states.py` shown in a browser as they were answered; no server is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from tests.web.public.visitor import SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

    from tests.web.public.states import Site, State

SAID = frozenset({"alt", "content", "href", "id", "media", "name", "src", "srcset", "title", "value"})
"""Attributes with words or addresses: of these counts only whether they are there and have a value."""


def show_each(page: Page, site: Site) -> Iterator[State]:
    """Show all states. The first under each policy is opened at its address, headers and all; those that come
    with the same policy are written into its window, which costs a browser half as much. What has a window of
    its own within is always opened: there the focus goes other ways."""
    policy: str | None = None
    for state in sorted(site.states, key=policy_of):
        show(page, site, state, write=policy_of(state) == policy and "<iframe" not in state.answer.text)
        policy = policy_of(state)
        yield state


def policy_of(state: State) -> str:
    return str(state.answer.headers.get("content-security-policy", ""))


def show(page: Page, site: Site, state: State, *, write: bool = False) -> None:
    """Show one: open its address, or ``write`` it where another with its policy is shown."""

    def answer(route: Route) -> None:
        whole = urlsplit(route.request.url)
        is_page = route.request.resource_type == "document" and route.request.frame == page.main_frame
        answer = state.answer if is_page else site.assets.get(whole.path)
        if answer is None or whole.netloc != urlsplit(SITE).netloc:
            route.abort()
        else:
            route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    page.route("**/*", answer)
    if write:
        page.evaluate("path => history.replaceState(null, '', path)", state.path)
        page.set_content(state.answer.text, wait_until="load")
    else:
        page.goto(SITE + state.path, wait_until="load")
    page.unroute("**/*")


def shape(state: State) -> tuple[object, ...]:
    """What a page is made of, whatever it says: which elements within which, of which class, role, kind, and
    which of them hold words. What axe and the Tab key find depends on that; whether it fits does not only."""
    root = LexborHTMLParser(state.answer.text).root
    assert root is not None
    found: list[object] = []
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            found.append(bool((node.text_content or "").strip()))
            continue
        depth, above = 0, node.parent
        while above is not None:
            depth, above = depth + 1, above.parent
        pairs = ((name, bool(value) if name in SAID else value) for name, value in node.attributes.items())
        found.append((depth, node.tag, tuple(sorted(pairs, key=str))))
    return tuple(found)
