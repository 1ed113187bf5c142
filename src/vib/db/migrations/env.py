from alembic import context
from sqlalchemy import Engine, text

from vib.db.models import Base

# Any constant will do: it names the advisory lock that one migrating process holds.
MIGRATION_LOCK = 7_105_102

engine: Engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()
