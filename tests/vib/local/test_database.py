import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text

from vib.local.database import embedded_postgres


def test_what_was_written_is_there_when_the_server_starts_again(tmp_path: Path) -> None:
    for statement in ("CREATE TABLE kept (n integer)", "INSERT INTO kept VALUES (1)"):
        with embedded_postgres(tmp_path / "data") as url:
            engine = create_engine(url)
            with engine.begin() as connection:
                connection.execute(text(statement))
            engine.dispose()


def test_the_server_listens_on_no_port(tmp_path: Path) -> None:
    with embedded_postgres(tmp_path / "data") as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SHOW listen_addresses")).scalar() == ""
        engine.dispose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root does the server run as another user")
def test_a_private_folder_on_the_way_can_be_passed_through_but_not_listed() -> None:
    with TemporaryDirectory() as name:
        private = Path(name)
        private.chmod(0o700)

        with embedded_postgres(private / "data"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o711
