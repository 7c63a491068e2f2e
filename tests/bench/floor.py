"""What handing over costs at the least: read, sign, serialise, post. No ledger, no second thought.

`python -m tests.bench.floor DATABASE URL`: everybody in the database, in requests of 1,000 over one kept
connection, each with a signed link.
"""

from __future__ import annotations

import hashlib
import http.client
import sqlite3
import sys
from base64 import urlsafe_b64encode
from urllib.parse import urlsplit

import orjson


def main(database: str, url: str) -> None:
    where = urlsplit(url)
    wire = http.client.HTTPConnection(where.hostname or "", where.port)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer SG.floor"}
    rows = sqlite3.connect(database)
    keyed = hashlib.blake2b(key=b"a key of thirty-two bytes or more", digest_size=16)
    last = 0
    while True:
        page = rows.execute(
            "SELECT id, email, name FROM subscribers WHERE id > ? ORDER BY id LIMIT 1000", (last,)
        ).fetchall()
        if not page:
            return
        last = page[-1][0]
        people = []
        for number, email, _name in page:
            code = keyed.copy()
            code.update(number.to_bytes(8, "big"))
            token = urlsafe_b64encode(code.digest()).decode()
            people.append(
                {
                    "to": [{"email": email}],
                    "headers": {
                        "List-Unsubscribe": f"<https://letter.example.org/unsubscribe/{token}>",
                        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                    },
                    "substitutions": {"%unsubscribe%": token},
                    "custom_args": {"subscriber": str(number)},
                }
            )
        content = [{"type": "text/plain", "value": "x" * 2000}, {"type": "text/html", "value": "x" * 20000}]
        body = {
            "personalizations": people,
            "from": {"email": "letter@example.org"},
            "subject": "A letter",
            "content": content,
        }
        wire.request("POST", "/v3/mail/send", orjson.dumps(body), headers)
        wire.getresponse().read()


if __name__ == "__main__":
    main(*sys.argv[1:])
