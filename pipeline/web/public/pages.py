"""Pages from templates/pages/, with the practice's theme and phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

from pipeline.core.colour import readable
from pipeline.core.theme import LINK, look
from pipeline.letter.images.pictures import Hosted
from pipeline.letter.jinja import environment, render
from pipeline.web.public.phrases import PagePhrases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest
    from pipeline.core.templates import Templates
    from pipeline.core.theme import Palette

ERRORS = {
    400: "refused",
    403: "forbidden",
    404: "missing",
    405: "refused",
    413: "refused",
    429: "busy",
    503: "failed",
}
"""The phrases for each status. Any other status gets those of 503."""


_FOR_A_WHILE = {"Cache-Control": "public, max-age=600"}


_UNKNOWN_SIZE = 240, 64
"""Pixels: a shape that many logos have. The style sheet keeps the place of any."""


class Offered(NamedTuple):
    """A digest that readers can choose: the name they are ``shown``, how often it comes (``every``, may be
    empty), and both in ``label``. A single digest has the newsletter's name."""

    name: str
    shown: str
    every: str
    label: str


class Head(NamedTuple):
    """What a public page tells search engines and whoever shows a link to it. ``address`` is the whole one,
    ``card`` that of its picture."""

    title: str
    description: str
    address: str
    card: str


class Ahead(NamedTuple):
    """What somebody who signed up is told: when the next letter is due, and where to read the newest."""

    said: str
    links: dict[str, str]


class Pages:
    """Renders every page of one installation.

    Raises LetterError with file and line, here already, when phrases or the frame of all pages are broken.
    """

    def __init__(self, config: Config, templates: Templates) -> None:
        self._config = config
        self.phrases = PagePhrases(templates, config.newsletter, mails=config.mails)
        self.address = config.newsletter.pages
        """The public address that all pages are under."""
        self.base = urlsplit(self.address).path
        """The path that all pages are under: empty, or with a slash at its beginning and none at its end."""
        self._markup = environment(templates, markup=True)
        self._plain = environment(templates, markup=False)
        self.offered = tuple(self._offer(digest) for digest in config.digests)
        self._logos: Mapping[str, Hosted] = {}
        self._errors = self._made_errors()

    def know(self, logos: Mapping[str, Hosted]) -> None:
        """Show these copies of the practice's logos, by the address of each."""
        if logos != self._logos:
            self._logos = logos
            self._errors = self._made_errors()

    def _made_errors(self) -> dict[int, str]:
        # Made once: so the answer to every wrong address and every forged token is the same to the byte, and
        # it can still be shown when a template breaks later.
        return {status: self._message(name) for status, name in ERRORS.items()}

    def page(self, template: str, status: int = 200, *, private: bool = True, **values: Any) -> HTMLResponse:
        """The named page. A ``private`` one belongs to one reader and is kept from search engines."""
        return HTMLResponse(self.render(f"{template}.html", private=private, **values), status)

    def render(self, template: str, *, private: bool = False, **values: Any) -> str:
        """The named page or feed, as text."""
        context = self._context | {"private": private, "faulty": False, "head": None} | values
        return render(self._markup, f"pages/{template}", context)

    def head(self, path: str, title: str, description: str, card: str = "card.png", key: str = "") -> Head:
        """That of the page under ``path``. ``card`` is the path of its picture, ``key`` what opens both."""
        asked = f"?key={key}" if key else ""
        return Head(title, description, f"{self.address}/{path}{asked}", f"{self.address}/{card}{asked}")

    def message(
        self,
        title: str,
        *paragraphs: str,
        hint: str = "",
        ahead: Ahead | None = None,
        links: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """A page that says only this: what to know, what may help, what comes next, and ``links`` by their
        address."""
        return HTMLResponse(self._said(title, paragraphs, links or {}, hint, ahead), status)

    def named(self, name: str, *, links: Mapping[str, str] | None = None, status: int = 200) -> HTMLResponse:
        """The message page whose title and text are the phrases of the table ``name``."""
        return self.message(self.say(f"{name}.title"), self.say(f"{name}.text"), links=links, status=status)

    def error(self, status: int, headers: Mapping[str, str] | None = None) -> HTMLResponse:
        return HTMLResponse(self._errors.get(status, self._errors[503]), status, headers=headers)

    def snippet(self) -> Response:
        """The sign-up form for other sites, as text to copy."""
        html = render(self._markup, "pages/embed.html", self._context | {"agreed": self.agreed()})
        return Response(
            "\n".join(line for line in html.splitlines() if line.strip()), media_type="text/plain"
        )

    def stylesheet(self) -> Response:
        shown = look(self._config.theme)
        wrong = {scheme: _wrong(getattr(shown, scheme)) for scheme in ("light", "dark")}
        css = render(self._plain, "pages/pages.css", {"theme": shown, "wrong": wrong})
        return Response(css, media_type="text/css", headers=_FOR_A_WHILE)

    def icon(self) -> Response:
        name = self._config.newsletter.name
        initial = next((character for character in name if character.isalnum()), "")
        values = {"theme": look(self._config.theme), "initial": initial.upper()}
        svg = render(self._markup, "pages/icon.svg", values)
        return Response(svg, media_type="image/svg+xml", headers=_FOR_A_WHILE)

    def say(self, key: str, **values: str | int) -> str:
        return self.phrases.say(key, **values)

    def agreed(self) -> str:
        """The sentence beside the sign-up button: what a person agrees to by pressing it."""
        if len(self.offered) > 1:
            labels = [digest.label for digest in self.offered]
            return self.say("subscribe.agree_several", digests=self.phrases.listed(labels))
        (digest,) = self.offered
        if not digest.every:
            return self.say("subscribe.agree_one_irregular")
        return self.say("subscribe.agree_one", every=digest.every)

    def link(self, path: str) -> str:
        return f"{self.base}/{path}"

    @property
    def several(self) -> bool:
        """Whether there are several digests to choose from. A single one is never named to readers."""
        return len(self.offered) > 1

    @property
    def _context(self) -> dict[str, Any]:
        theme = self._config.theme
        return {
            "say": self.say,
            "words": self.phrases,
            "day": self.phrases.day,
            "newsletter": self._config.newsletter,
            "base": self.base,
            "offered": self.offered,
            "archive": self._config.archive.public,
            "logo": self._logo(theme.logo),
            "logo_dark": self._logo(theme.logo_dark),
        }

    def _logo(self, address: str) -> Hosted | None:
        if self._ours(address):
            return Hosted(address, *_UNKNOWN_SIZE)
        copy = self._logos.get(address)
        return copy._replace(src=self.link(copy.src)) if copy else None

    def _ours(self, image: str) -> str:
        """The image if it is on our own address, else nothing: no page fetches one from another host."""
        return image if image.startswith(f"{self._config.newsletter.pages}/") else ""

    @property
    def portrait(self) -> str:
        """The path of the picture of who writes; empty where there is none that may stand on a page."""
        portrait = self._config.newsletter.portrait
        if portrait.startswith(("http://", "https://")):
            return self._ours(portrait)
        return self.link("portrait") if portrait else ""

    def _offer(self, digest: Digest) -> Offered:
        shown = digest.name if len(self._config.digests) > 1 else self._config.newsletter.name
        often = self.phrases.every(digest)
        label = self.say("every.with_name", name=shown, every=often) if often else shown
        return Offered(digest.name, shown, often, label)

    def _message(self, name: str) -> str:
        links = self._leading_on if name in ("missing", "refused") else {}
        return self._said(self.say(f"{name}.title"), (self.say(f"{name}.text"),), links)

    @property
    def _leading_on(self) -> dict[str, str]:
        links = {self.link(""): self.say("shared.front"), self.link("subscribe"): self.say("shared.sign_up")}
        if self._config.archive.public:
            links[self.link("archive")] = self.say("shared.archive")
        return links

    def _said(
        self,
        title: str,
        paragraphs: tuple[str, ...],
        links: Mapping[str, str],
        hint: str = "",
        ahead: Ahead | None = None,
    ) -> str:
        return self.render(
            "message.html",
            private=True,
            title=title,
            paragraphs=paragraphs,
            hint=hint,
            ahead=ahead,
            links=list(links.items()),
        )


def _wrong(palette: Palette) -> str:
    """The colour of what is to be corrected: red, as far as it can be read there."""
    return readable("#b3261e", palette.text, palette.paper, palette.background, least=LINK)
