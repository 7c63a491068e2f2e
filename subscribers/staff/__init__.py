"""Who may look after the letter: accounts, roles, links by mail, passwords, sessions, how often one may try.

It knows nothing of HTTP and mails nothing: `web/signing_in/` has the pages, `mail/sign_in.py` the mails.
"""
