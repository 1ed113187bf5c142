from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlalchemy.orm import Session

from vib.db import migrate
from vib.db.models import Base, User


def test_the_migrations_make_the_tables_that_the_models_describe(database: Engine) -> None:
    with database.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_upgrading_twice_changes_nothing_and_keeps_the_data(database: Engine) -> None:
    with Session(database) as session, session.begin():
        session.add(User(email="a@example.org"))

    migrate.upgrade(database)

    with Session(database) as session:
        assert session.query(User).count() == 1


def test_going_down_removes_every_table_and_up_makes_them_again(database: Engine) -> None:
    migrate.downgrade(database, "base")

    assert inspect(database).get_table_names() == ["alembic_version"]

    migrate.upgrade(database)

    assert set(Base.metadata.tables) <= set(inspect(database).get_table_names())
