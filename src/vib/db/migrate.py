from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`; one transaction, and a lock so that one process does it."""
    command.upgrade(_config(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to `revision`; `base` removes every table."""
    command.downgrade(_config(engine), revision)


def missing(engine: Engine) -> list[str]:
    """The revisions that the database lacks, the first one first.

    None, where it is further than this version knows: migrations leave what runs able to run.
    """
    script = ScriptDirectory.from_config(_config(engine))
    known = [each.revision for each in reversed(list(script.walk_revisions()))]
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return known
    return known[known.index(current) + 1 :] if current in known else []


def _config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "vib:db/migrations")
    config.attributes["engine"] = engine
    return config
