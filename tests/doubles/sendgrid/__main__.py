"""`python -m tests.doubles.sendgrid --port 0`: prints its address, then serves until it is killed."""

import argparse
import contextlib
import threading

from tests.doubles.sendgrid.server import KEY, StrictSendGrid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--scopes", default="mail.send,suppression.read", help="separated by commas")
    options = parser.parse_args()
    with StrictSendGrid(key=options.key, port=options.port, scopes=options.scopes.split(",")) as server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
