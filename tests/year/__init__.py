"""A year that nobody watches: what happens in it (`script.py`), which letters must go (`oracle.py`, which
knows nothing of Rapport), and the practice (`practice.py`) that lives it with its clock moved (`life.py`).
"""
