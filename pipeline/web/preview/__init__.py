"""The server of `rapport preview`: it shows staff the letter as it will arrive, on loopback.

========================  ====================================================================
``server``                the port, uvicorn, and an orderly end
``guard``                 who may ask: loopback names only; the headers of every answer
``routes``                the addresses, each a few lines
``session``               what is shown: configuration, drafts, faults, findings
``watch``, ``reload``     files and feeds that change, and the pages that are told
``page``                  what the page shows, in the form that its template needs
``frame``                 the letter as a frame shows it: dark, with a place marked, pictures from here
``decisions``             what staff may decide on the page: in the demo, to approve and to send
``inbox``, ``locate``     the line in an inbox; the place of a finding in the letter
``errors``                what is broken: file, line and the lines around it
========================  ====================================================================

The letter itself (`/letter.html`) is what goes out, byte for byte but for each reader's own links and for the
pictures that `rapport serve` will serve, which are taken from here. What a frame shows is a variation of it,
and the page says so.
"""
