"""The page "Staff": who may sign in, as what; invite, change, remove; and what staff did.

============  ======================================================
``place``     where the pages are, and what a request names
``page``      its place in the navigation, its routes
``everybody`` who may sign in
``invite``    invite somebody
``one``       one account, and what can be done with it
``log``       what staff did
============  ======================================================

To look, an admin's session is enough. What changes an account asks anew who one is, and so do its forms.
"""
