"""The dashboard: where staff look after the letter. `rapport preview` serves it on loopback, `rapport serve`
under /staff.

========================  ====================================================================
``application``           the dashboard put together from its pages, at its two places
``dashboard``             what every page works with, and what a page is
``actor``                 who uses it, and what each role may do
``guard``                 by which names it answers, and the headers of every answer
``neighbours``            on loopback: whose process asks
``routing``, ``asked``    a page's routes: roles, forms, errors; a request as a page gets it
``render``                pages from templates/dashboard/, in the frame that all share
``events``, ``reload``    the pages that are open hear of what changed, and how far a letter is
``letters``               the letters of one installation; ``letter/``: one as a page shows it
``preview``, ``watch``    the same on loopback, composed anew when files and feeds change
``server``                the port on loopback, uvicorn, and an orderly end
``this_week``             the page of the next letter: its ``bar``, ``deciding``, ``editing``
``note``                  the page on which a note is written
``results``               the pages of what became of the letters, and of the list; ``plot``
``people/``               the pages on readers: find them, see what is known of each, act for them
``accounts/``             the pages on staff: who may sign in, inviting, removing, what staff did
``how``                   the page: feeds, channels, due times, backups; what `rapport doctor` finds
========================  ====================================================================

A page is a module with its routes, and a template. It names itself as a ``Page``, which `application.PAGES`
lists; it calls one function of a room below, and holds no rule.
"""
