"""A letter that arrived, read from the file that a mailbox saved: would its readers be offered one click, and
did its receiver believe that it is the newsletter's?

Only the headers are looked at, and only so much of the file is read. `signature.py` reads what a signature
covers, `results.py` what the receiver found. Nothing is verified anew: keys change, and the receiver has
looked.
"""
