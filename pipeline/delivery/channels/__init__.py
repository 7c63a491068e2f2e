"""Announcing a sent edition elsewhere: on Mastodon, on Bluesky, to a webhook.

`ledger.py` says what is to be announced and what became of it; `announce.py` does it, one attempt at a time;
`said.py` says what an edition is announced with, `text.py` puts it into words within a service's limits. A
service is a file: `mastodon.py`, `bluesky.py`, `webhook.py`, behind the interface in `service.py`.
"""
