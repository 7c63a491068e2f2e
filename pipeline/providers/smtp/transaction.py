"""Mail transactions (RFC 5321, 3.3) on one connection, with one round trip a letter where it is allowed.

With PIPELINING (RFC 2920) a client need not wait for the answer to every command. DATA, which must be waited
for, ends a group of commands, and the end of a message may begin one. So the envelope of the next letter is
written together with the body of the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pipeline.providers import Result
from pipeline.providers.smtp.batch import Halt, limited
from pipeline.providers.smtp.protocol import PATIENCE, ConnectionEnded
from pipeline.providers.smtp.refusals import US_REMEDY, Concern, concern, remedy_of

if TYPE_CHECKING:
    from pipeline.providers.smtp.batch import BatchProgress, EncodedLetter
    from pipeline.providers.smtp.connection import Connection
    from pipeline.providers.smtp.protocol import Reply

_DOT = b".\r\n"
_GO_ON = 354
_LOGIN_WANTED = 530  # RFC 4954, 6


class Transactions:
    """The letters of a batch that one connection sends, one after another."""

    def __init__(self, connection: Connection, sender: bytes, progress: BatchProgress) -> None:
        self._transport = connection.transport
        self._pipelining = connection.pipelining
        self._most = connection.size
        self._sender = sender
        self._progress = progress
        self._letter: EncodedLetter | None = None
        self._next: EncodedLetter | None = None
        self.answered = False
        """Whether the server has answered for a single letter: taken or refused."""

    def run(self) -> None:
        """Go on until nobody is left. Raises ConnectionEnded or Halt; what was not begun waits again."""
        try:
            self._letter = self._progress.take()
            self._write(b"", self._letter)
            while self._letter:
                self._send(self._letter)
                self._letter, self._next = self._next, None
        except (ConnectionEnded, Halt) as end:
            if self._next:
                self._progress.put_back(self._next)
            if self._letter and isinstance(end, ConnectionEnded):
                self._progress.failed_with(self._letter, end.reason)
            elif self._letter:
                self._progress.put_back(self._letter)
            raise

    def _send(self, letter: EncodedLetter) -> None:
        """Send one letter if the server permits it. What is written last asks for the next one, too."""
        if not self._permitted(letter):
            return
        if self._most and len(letter.content) > self._most:
            raise Halt(
                Result.STOP,
                f"the letter has {len(letter.content)} bytes and the server takes {self._most} (SIZE)",
            )
        self._progress.check_time()
        self._next = self._progress.take()
        body = letter.content + _DOT
        try:
            self._write(body, self._next)
        except ConnectionEnded as end:
            if end.written < len(body):
                # Without its dot it is no message (RFC 5321, 4.1.1.4). The server may have refused it.
                self._refused_midway(letter)
                raise
            self._doubt(letter, end)
        try:
            reply = self._transport.reply(patience=PATIENCE)
        except ConnectionEnded as end:
            self._doubt(letter, end)
        if reply.code < 400 and not reply.fine:
            self._doubt(letter, ConnectionEnded(f"the answer says not whether it was taken ({reply.code})"))
        self._settled()
        if reply.fine:
            self._progress.taken()
        else:
            self._progress.refused(letter, reply, "the letter", of_all=True)
        if reply.closes:
            raise ConnectionEnded("the server closes the connection")

    def _permitted(self, letter: EncodedLetter) -> bool:
        """Whether the server waits for the body. If not, the letter is settled and the next asked for."""
        sender = self._ask(letter, b"MAIL FROM:<%b>\r\n" % self._sender)
        if not sender.fine:
            self._sender_refused(letter, sender)
        recipient = self._ask(letter, b"RCPT TO:<%b>\r\n" % letter.address)
        data = self._ask(letter, b"DATA\r\n") if recipient.fine or self._pipelining else recipient
        if recipient.fine and data.code == _GO_ON:
            return True
        self._not_permitted(letter, recipient, data)
        self._next = self._progress.take()
        # A server that waits for the body of a letter to nobody gets a lone dot (RFC 2920, 3.1).
        self._write(_DOT if data.code == _GO_ON else b"RSET\r\n", self._next)
        if self._transport.reply().closes:
            raise ConnectionEnded("the server closes the connection")
        return False

    def _sender_refused(self, letter: EncodedLetter, reply: Reply) -> NoReturn:
        """It refuses the sender, whoever the reader is."""
        reason, concerns = letter.refusal(reply, "the sender"), concern(reply.code, reply.text)
        if reply.for_good or concerns is Concern.US:
            raise Halt(Result.STOP, reason, remedy_of(concerns) or US_REMEDY)
        raise limited(reason) if concerns is Concern.RATE else Halt(Result.REFUSED, reason)

    def _not_permitted(self, letter: EncodedLetter, recipient: Reply, data: Reply) -> None:
        if recipient.code == _LOGIN_WANTED:
            raise Halt(Result.STOP, letter.refusal(recipient, "mail without a login"), US_REMEDY)
        self._settled()
        if recipient.fine:
            self._progress.refused(letter, data, "the letter", of_all=True)
        else:
            self._progress.refused(letter, recipient, "the address")

    def _settled(self) -> None:
        self._letter = None
        self.answered = True

    def _write(self, ahead: bytes, following: EncodedLetter | None) -> None:
        """Write what is due; where the server allows it, together with the envelope of the next letter."""
        if following and self._pipelining:
            ahead += b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n" % (self._sender, following.address)
        if ahead:
            self._transport.write(ahead)

    def _ask(self, letter: EncodedLetter, command: bytes) -> Reply:
        """The answer to a command of the envelope. With pipelining the command was written before."""
        if not self._pipelining:
            self._transport.write(command)
        reply = self._transport.reply()
        if reply.closes:
            reason = letter.refusal(reply, "any more")
            if concern(reply.code, reply.text) is Concern.RATE:
                raise limited(reason)
            raise ConnectionEnded(reason)
        return reply

    def _refused_midway(self, letter: EncodedLetter) -> None:
        reply = self._transport.early_reply()
        if reply and reply.code < 400:
            self._doubt(letter, ConnectionEnded(f"{reply.code} came before it was written whole"))
        if reply:
            self._settled()
            self._progress.refused(letter, reply, "the letter", of_all=True)

    def _doubt(self, letter: EncodedLetter, end: ConnectionEnded) -> NoReturn:
        self._letter = None
        self._progress.doubt(letter, f"handed over, but {end.reason}")
        # A server that gives no answer to one letter is not sent another, which would be in doubt, too.
        raise Halt(Result.REFUSED, end.reason)
