"""The tables of the pipeline, a file for each part of it.

Whoever imports one knows all: a foreign key may name a table of another file.
"""

import subscribers.staff.tables  # noqa: F401
from pipeline.core.tables import channels, clicks, editions, feeds, images, installation, ledger  # noqa: F401
