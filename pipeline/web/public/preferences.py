"""A reader's own page: GET and POST /preferences/TOKEN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.subscriptions.unsubscribe import batches_ended
from pipeline.web.public import form
from pipeline.web.public.network import address_of
from pipeline.web.public.pause import FIRST, LAST, chosen
from pipeline.web.public.unsubscribe import leave
from subscribers import digest_names, own_mailbox, preferences
from subscribers.addresses import AddressError, masked
from subscribers.tokens import Claim, Purpose

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.form import Form
    from pipeline.web.public.pause import Pause
    from pipeline.web.public.site import Site
    from subscribers.preferences import Preferences

_SOURCE = "preferences page"


@dataclass(frozen=True)
class _Visit:
    """One request to one person's page."""

    site: Site
    request: Request
    subscriber: int

    async def answer(self) -> Response:
        found = await self.site.read(lambda connection: preferences.preferences(connection, self.subscriber))
        if found is None:
            return self._nothing()
        if self.request.method != "POST":
            return self._page(found)
        sent = await form.read(self.request)
        match sent.text("do"):
            case "save":
                return await self._save(found, sent)
            case "move":
                return await self._move(found, sent)
            case "leave-all":
                await leave(self.site, Claim(self.subscriber, 0), everything=True, source=_SOURCE)
                said = self.site.pages.say
                own = self.site.pages.link(f"preferences/{self.request.path_params['token']}")
                links = {own: said("shared.back_to_preferences")}
                return self.site.pages.message(said("left.title"), said("left.text_all"), links=links)
            case "erase":
                return await self._erase(found)
            case _:
                return self._page(found)

    async def _save(self, found: Preferences, sent: Form) -> Response:
        offered = [digest.name for digest in self.site.pages.offered]
        until = chosen(self.site.pages, sent.text("pause"), self.site.today)
        if until.wrong:
            return self._page(found, sent, pause=until)
        saved = await self.site.writer.run(
            lambda connection: preferences.change(
                connection,
                self.subscriber,
                digests=digest_names.meant(connection, offered, sent.all("digest")),
                offered=offered,
                paused_until=until.day,
                source=_SOURCE,
            )
        )
        if saved is None:
            return self._nothing()
        await batches_ended(self.site.read, self.subscriber)
        now = self._now(saved.preferences)
        if not saved.to_ask:
            return self._page(saved.preferences, notice=now)
        # Only now: whoever may not ask has left and paused all the same.
        await self.site.may_ask(self.request)
        await self.site.writer.run(
            lambda connection: preferences.ask_to_join(
                connection,
                self.subscriber,
                saved.to_ask,
                wording=self.site.pages.say("preferences.agree"),
                source=_SOURCE,
                network_address=address_of(self.request.scope),
            )
        )
        asked = self.site.pages.say("preferences.join_sent", digests=self._named(saved.to_ask))
        answer = self._page(saved.preferences, notice=[*now, asked])
        answer.background = self.site.mail_questions()
        return answer

    async def _move(self, found: Preferences, sent: Form) -> Response:
        await self.site.may_ask(self.request)
        try:
            await self.site.writer.run(
                lambda connection: own_mailbox.ask_to_move(
                    connection,
                    self.subscriber,
                    sent.text("email"),
                    source=_SOURCE,
                    network_address=address_of(self.request.scope),
                )
            )
        except AddressError as error:
            return self._page(found, sent, email=self.site.pages.say(f"address.{error.fault}"))
        answer = self._page(found, notice=[self.site.pages.say("preferences.move_sent")])
        answer.background = self.site.mail_questions()
        return answer

    async def _erase(self, found: Preferences) -> Response:
        await self.site.may_ask(self.request)
        await self.site.writer.run(
            lambda connection: own_mailbox.ask_to_erase(
                connection,
                self.subscriber,
                source=_SOURCE,
                network_address=address_of(self.request.scope),
            )
        )
        answer = self._page(found, notice=[self.site.pages.say("preferences.erase_sent")])
        answer.background = self.site.mail_questions()
        return answer

    def _page(
        self,
        found: Preferences,
        sent: Form | None = None,
        *,
        notice: Sequence[str] = (),
        pause: Pause | None = None,
        email: str = "",
    ) -> Response:
        """The page with the current choices; where something is wrong with what was ``sent``, with that."""
        faulty = bool(pause or email)
        saving = sent if sent and pause else None
        today, until = self.site.today, self._until(found)
        return self.site.pages.page(
            "preferences",
            422 if faulty else 200,
            faulty=faulty,
            notice=notice,
            errors={"pause": pause.wrong if pause else "", "email": email},
            # Letters get forwarded, and ids outlive moves: no name is shown, and no whole address.
            address=masked(found.email).replace("@", "\u2060@"),  # a word joiner keeps it on one line
            chosen=saving.all("digest") if saving else found.active,
            pause=saving.text("pause") if saving else until.isoformat() if until else "",
            typed=pause is not None and pause.typed,
            email=sent.text("email") if sent else "",
            first_day=(today + FIRST).isoformat(),
            last_day=(today + LAST).isoformat(),
            agreed=self.site.pages.say("preferences.agree"),
        )

    def _now(self, found: Preferences) -> list[str]:
        """What is so now that it is saved."""
        say, until = self.site.pages.say, self._until(found)
        named = self._named(found.active)
        if not named:
            return [say("preferences.saved"), say("preferences.now_none")]
        said = [say("preferences.saved"), say("preferences.now", digests=named)]
        if until:
            said.append(say("preferences.now_paused", date=self.site.pages.phrases.in_words(until)))
        return said

    def _until(self, found: Preferences) -> date | None:
        until = found.paused_until
        return until if until and until > self.site.today else None

    def _named(self, digests: Collection[str]) -> str:
        pages = self.site.pages
        return pages.phrases.listed([one.shown for one in pages.offered if one.name in digests])

    def _nothing(self) -> Response:
        links = {self.site.pages.link("subscribe"): self.site.pages.say("shared.sign_up")}
        return self.site.pages.named("nothing", links=links)


def routes(site: Site) -> list[Route]:
    async def own_page(request: Request) -> Response:
        claim = site.claim(request, Purpose.LETTER)
        return await _Visit(site, request, claim.subscriber).answer()

    return [Route("/preferences/{token}", own_page, methods=["GET", "POST"])]
