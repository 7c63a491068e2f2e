"""How a migration runs: on the connection that pipeline.core.database hands over, in its transaction."""

from alembic import context

import pipeline.core.tables  # noqa: F401  both floors' tables
from subscribers.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
