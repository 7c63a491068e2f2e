# What stands for `rapport`, or for a child of it. Nothing is imported that is not part of the interpreter: to
# start takes a few ms.
import _signal
import _socket
import marshal
import posix
import sys


def main():
    if b"LD_PRELOAD" in posix.environ:  # as faketime has it: that is for the kernel to do
        posix.execv(REAL[0], [*REAL, *sys.argv[1:]])  # noqa: F821
    # The command may begin to work, and its test tell it to end, before we know whom to pass that on to.
    passed_on = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, passed_on)
    umask = posix.umask(0o77)
    posix.umask(umask)
    told = marshal.dumps(([NAME, *sys.argv[1:]], posix.getcwd(), dict(posix.environ), umask))  # noqa: F821
    door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    door.connect(DOOR)  # noqa: F821
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    size = len(told).to_bytes(4, "little")
    door.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    door.sendall(told)
    pid = _number(door)

    def pass_on(number, _frame):
        try:  # noqa: SIM105
            posix.kill(pid, number)
        except ProcessLookupError:
            pass

    for number in passed_on:
        _signal.signal(number, pass_on)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, passed_on)
    for number in (0, 1, 2):
        posix.close(number)
    status = _number(door)
    if status < 0:
        _signal.signal(-status, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -status)
    posix._exit(status)


def _number(door):
    got = b""
    while len(got) < 4:
        more = door.recv(4 - len(got))
        if not more:
            posix._exit(70)
        got += more
    return int.from_bytes(got, "little", signed=True)


main()
