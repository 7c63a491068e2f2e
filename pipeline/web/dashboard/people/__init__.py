"""The page "People": find readers, see what is known of each, and act for them.

===============  ============================================================
``place``        where the pages are, and what a request names
``page``         its place in the navigation, its routes
``search``       everybody, page by page, and who is found by what was typed
``person``       one person: subscriptions, proof, letters, moves
``acts``         unsubscribe, suppress, lift
``add``          add somebody who agreed, or ask them by mail
``forget``       erase somebody
``exporting``    take the list out
``importing``    bring a list, tried first; ``uploads``: kept meanwhile
===============  ============================================================

An address stands in no path and no query of these pages: web servers log those, and browsers keep them.
People go by their numbers; what is searched for, and an address that is not on the list, is posted.
"""
