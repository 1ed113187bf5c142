import os
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from vib.local.database import embedded_postgres


def run(url: str, statement: str) -> Any:
    """Run one statement; the first value of its first row, if it has rows."""
    engine = create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        value = result.scalar() if result.returns_rows else None
    engine.dispose()
    return value


def test_what_was_written_is_there_when_the_server_starts_again(postgres_folder: Path) -> None:
    with embedded_postgres(postgres_folder / "data") as url:
        run(url, "CREATE TABLE kept AS SELECT 7 AS number")

    with embedded_postgres(postgres_folder / "data") as url:
        assert run(url, "SELECT number FROM kept") == 7


def test_the_server_listens_on_no_port(postgres_folder: Path) -> None:
    with embedded_postgres(postgres_folder / "data") as url:
        assert run(url, "SHOW listen_addresses") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root does the server run as another user")
def test_a_private_folder_on_the_way_can_be_passed_through_but_not_listed(
    postgres_folder: Path,
) -> None:
    postgres_folder.chmod(0o700)

    with embedded_postgres(postgres_folder / "data"):
        assert stat.S_IMODE(postgres_folder.stat().st_mode) == 0o711
