"""Stands in for the child that reads feeds: does what the document tells it to, within the same limits."""

from __future__ import annotations

import json
import os
import sys
import time

from pipeline.core.child_process import limit_memory, limit_time


def main() -> None:
    limit_memory(300_000_000)
    while line := sys.stdin.buffer.readline():
        said = sys.stdin.buffer.read(json.loads(line)["length"]).decode()
        # The kernel counts whole seconds. What hangs has until the next, everything else one more.
        limit_time(0 if said == "hang" else 1)
        answer = {"entries": [], "sound": True, "unread": 0, "last": said == "last"}
        if said == "hang":
            while True:
                pass
        if said == "sleep":
            time.sleep(60)
        if said == "grow":
            answer["entries"] = [bytearray(400_000_000)]
        if said == "die":
            os.abort()
        if said == "environment":
            answer = {"error": [",".join(sorted(set(os.environ) - {"LC_CTYPE"})), ""]}
        told = json.dumps(answer).encode()
        if said == "babble":
            told = b"{" * len(told)
        length = 10**12 if said == "flood" else len(told)
        sys.stdout.buffer.write(b"%d\n" % length + told)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
