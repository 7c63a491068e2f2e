"""`rapport preview` as a server: the letter as it will arrive, on loopback, for staff to look at.

========================  ====================================================================
``server``                the port, uvicorn, and an end that is clean
``guard``                 who may ask: loopback names only; what every answer's headers say
``routes``                the addresses; each a few lines
``session``               what is shown: configuration, drafts, faults, findings
``watch``, ``reload``     files and feeds that change, and the pages that are told
``page``                  what the page shows, as the template wants it
``frame``                 the letter as a frame shows it: dark, marked, its pictures from here
``inbox``, ``locate``     the line in an inbox; where in the letter a finding is
``errors``                what is broken: file, line and the lines around it
========================  ====================================================================

The letter itself (`/letter.html`) is what `--out` writes, byte for byte. What a frame shows is a variation
of it, and the page says so.
"""
