"""A letter as the dashboard shows it.

========================  ====================================================================
``query``                 what an address asks for: which letter, and how it is shown
``shown``                 what a page shows of it, in the form that its template needs
``files``                 the letter alone: HTML, text and message as they go out, and its pictures
``frame``                 the letter as a frame shows it: dark, with a place marked, pictures from here
``inbox``, ``locate``     the line in an inbox; the place of a finding in the letter
``findings``, ``errors``  what check finds; what is broken: file, line and the lines around it
========================  ====================================================================

The letter itself (`letter.html`) is what goes out, byte for byte but for each reader's own links and for the
pictures that `rapport serve` serves, which are taken from here. What a frame shows is a variation of it, and
the page says so.
"""
