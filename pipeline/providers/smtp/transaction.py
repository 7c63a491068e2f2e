"""Handing letters over on one connection, where the server allows it with one round trip a letter.

With PIPELINING (RFC 2920) a client need not wait for the answer to every command. What has to wait, DATA,
ends a group, and the end of a message may begin one; so the envelope of the next letter goes along with the
body of the one before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from pipeline.providers import Result
from pipeline.providers.smtp.batch import Halt
from pipeline.providers.smtp.protocol import PATIENCE, Ended

if TYPE_CHECKING:
    from pipeline.providers.smtp.batch import Letter, Round
    from pipeline.providers.smtp.connection import Connection
    from pipeline.providers.smtp.protocol import Reply

_DOT = b".\r\n"
_POLICY = re.compile(r"[45]\.7\.[0-9]{1,3}\b")
_GO_ON = 354
_LOGIN_WANTED = 530  # RFC 4954, 6


class Dialogue:
    """The letters of a round that one connection takes."""

    def __init__(self, connection: Connection, sender: bytes, round_: Round) -> None:
        self._line = connection.line
        self._pipelining = connection.pipelining
        self._most = connection.size
        self._sender = sender
        self._round = round_
        self._letter: Letter | None = None
        self._next: Letter | None = None
        self.answered = False
        """Whether the server has said of anybody what becomes of the letter."""

    def run(self) -> None:
        """Until nobody is left. Raises Ended or Halt; those not begun are back in the round then."""
        try:
            self._letter = self._round.take()
            self._write(b"", self._letter)
            while self._letter:
                self._one(self._letter)
                self._letter, self._next = self._next, None
        except (Ended, Halt) as end:
            if self._next:
                self._round.put_back(self._next)
            if self._letter and isinstance(end, Ended):
                self._round.ended_over(self._letter, end.reason)
            elif self._letter:
                self._round.put_back(self._letter)
            raise

    def _one(self, letter: Letter) -> None:
        """Have one letter permitted and hand it over, or not; what is written then asks for the next one."""
        if not self._permitted(letter):
            return
        if self._most and len(letter.content) > self._most:
            raise Halt(
                Result.STOP,
                f"the letter has {len(letter.content)} bytes and the server takes {self._most} (SIZE)",
            )
        self._round.in_time()
        self._next = self._round.take()
        body = letter.content + _DOT
        try:
            self._write(body, self._next)
        except Ended as end:
            if end.written < len(body):
                # Without its dot it is no message. A server that will not have it may have said so.
                self._refused_midway(letter)
                raise
            self._doubt(letter, end)
        try:
            reply = self._line.reply(patience=PATIENCE)
        except Ended as end:
            self._doubt(letter, end)
        if reply.code < 400 and not reply.fine:
            self._doubt(letter, Ended(f"the answer says not whether it was taken ({reply.code})"))
        self._settled()
        if reply.fine:
            self._round.taken()
        else:
            self._round.refused(letter, reply, "the letter", of_all=True)
        if reply.closes:
            raise Ended("the server closes the connection")

    def _permitted(self, letter: Letter) -> bool:
        """Whether the server waits for the body. Where not, the letter is settled and the next asked for."""
        sender = self._ask(letter, b"MAIL FROM:<%b>\r\n" % self._sender)
        if not sender.fine:
            # Of the sender, whoever the reader is.
            result = Result.STOP if sender.for_good else Result.REFUSED
            raise Halt(result, letter.refusal(sender, "the sender"))
        recipient = self._ask(letter, b"RCPT TO:<%b>\r\n" % letter.address)
        data = self._ask(letter, b"DATA\r\n") if recipient.fine or self._pipelining else recipient
        if recipient.fine and data.code == _GO_ON:
            return True
        self._not_permitted(letter, recipient, data)
        self._next = self._round.take()
        # A server that waits for the body of a letter to nobody gets a lone dot (RFC 2920, 3.1).
        self._write(_DOT if data.code == _GO_ON else b"RSET\r\n", self._next)
        if self._line.reply().closes:
            raise Ended("the server closes the connection")
        return False

    def _not_permitted(self, letter: Letter, recipient: Reply, data: Reply) -> None:
        if recipient.code == _LOGIN_WANTED:
            raise Halt(Result.STOP, letter.refusal(recipient, "mail without a login"))
        self._settled()
        if recipient.fine:
            self._round.refused(letter, data, "the letter", of_all=True)
        else:
            # "Not permitted to pass mail on" is a policy's word (RFC 3463, 3.8), and no reader's fault.
            policy = _POLICY.match(recipient.text) is not None
            self._round.refused(letter, recipient, "the address", of_all=policy)

    def _settled(self) -> None:
        self._letter = None
        self.answered = True

    def _write(self, ahead: bytes, following: Letter | None) -> None:
        """Write what is due, and with it, where that is allowed, the envelope of the letter after it."""
        if following and self._pipelining:
            ahead += b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (self._sender, following.address)
        if ahead:
            self._line.write(ahead)

    def _ask(self, letter: Letter, command: bytes) -> Reply:
        """The answer to a command of the envelope, which with pipelining has been written before."""
        if not self._pipelining:
            self._line.write(command)
        reply = self._line.reply()
        if reply.closes:
            raise Ended(letter.refusal(reply, "any more"))
        return reply

    def _refused_midway(self, letter: Letter) -> None:
        reply = self._line.afterthought()
        if reply and reply.code < 400:
            self._doubt(letter, Ended(f"{reply.code} came before it was written whole"))
        if reply:
            self._settled()
            self._round.refused(letter, reply, "the letter", of_all=True)

    def _doubt(self, letter: Letter, end: Ended) -> NoReturn:
        self._letter = None
        self._round.doubt(letter, f"handed over, but {end.reason}")
        # Who answers nothing to one letter is not given another to doubt.
        raise Halt(Result.REFUSED, end.reason)
