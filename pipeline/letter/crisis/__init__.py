"""Help in a crisis, in the reader's country.

``table`` reads numbers and words, ``sentences`` says them as the letter does, ``confirmation`` asks whether
the practice has found them right.
"""
