from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import swflow
from vib import __version__, needs
from vib.db import migrate
from vib.registry import TASK_LISTS
from vib.services import Services, services
from vib.workflows.upload_video import upload_video

from .conftest import Command


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Changes the environment, which is read anew."""
    services.cache_clear()
    yield monkeypatch
    services.cache_clear()


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    "program", ["decider", "popeye --port 80", "worker", "worker faces --processes 2"]
)
def test_where_nothing_is_in_the_way_nothing_is_said(vib: Command, program: str) -> None:
    assert vib("check", *program.split()) == (0, "", "")


def test_every_setting_that_is_missing_is_told(vib: Command, changed: pytest.MonkeyPatch) -> None:
    changed.delenv("AWS_DEFAULT_REGION", raising=False)

    done = vib("check", "worker", "notify")

    assert done.status == 2
    lines = done.err.splitlines()
    assert lines[0].startswith("vib: VIB_DATABASE_URL is missing, which is ")
    assert any(line.startswith("vib: VIB_STORAGE_FOLDER or VIB_STORAGE_BUCKET") for line in lines)
    assert any(line.startswith("vib: VIB_NOTIFY_SECRET is missing") for line in lines)
    assert any("region" in line for line in lines)


@pytest.mark.usefixtures("context")
def test_a_process_is_not_asked_for_the_settings_of_others(
    vib: Command, changed: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "STORAGE_FOLDER", "SCRATCH_FOLDER", "NOTIFY_URL", "UPLOAD_SECRET"):
        changed.delenv(f"VIB_{name}")

    assert vib("check", "decider") == (0, "", "")


def test_a_domain_without_the_types_of_this_version_is_told(
    context: Services, vib: Command, changed: pytest.MonkeyPatch
) -> None:
    changed.setenv("VIB_SWF_DOMAIN", "new")

    assert "SWF has no domain 'new' that can be used" in vib("check", "decider").err

    endpoint = context.settings.swf_endpoint_url
    new = swflow.Client("new", endpoint_url=endpoint, region="us-east-1")
    new.register(upload_video, retention=timedelta(days=1))
    said = vib("check", "decider").err
    assert f"SWF's domain 'new' lacks VideoProcessing {__version__}" in said
    assert "UploadVideo" not in said


def test_a_database_that_lacks_a_migration_is_told(context: Services, vib: Command) -> None:
    migrate.downgrade(context.engine, "0004")

    done = vib("check", "worker", "recognise")

    assert done.status == 2
    assert done.err.startswith("vib: The database lacks the migrations 0005, ")


def test_a_database_that_is_further_is_none_of_an_older_releases_concern(
    context: Services, vib: Command
) -> None:
    with context.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    assert vib("check", "worker", "recognise").status == 0


@pytest.mark.usefixtures("context")
def test_what_cannot_be_reached_or_written_is_told(
    vib: Command, changed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    changed.setenv("VIB_STORAGE_FOLDER", str(tmp_path / "file"))
    changed.setenv("VIB_SCRATCH_FOLDER", str(tmp_path / "nowhere"))
    changed.setenv("VIB_DATABASE_URL", "postgresql+psycopg2://vib:secret@127.0.0.1:9/vib")

    done = vib("check", "worker", "transcode")

    assert done.status == 2
    database, storage, scratch = done.err.splitlines()
    assert database.startswith("vib: The database cannot be used: connection to server")
    assert "secret" not in database
    assert "nowhere" in storage
    assert "nowhere" in scratch


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("program", ["", "show", "nothing"])
def test_what_is_no_process_of_a_fleet_is_refused(vib: Command, program: str) -> None:
    done = vib("check", *program.split())

    assert done.status == 2


def test_a_process_does_not_start_without_its_settings(
    vib: Command, changed: pytest.MonkeyPatch
) -> None:
    changed.delenv("VIB_DATABASE_URL", raising=False)

    done = vib("popeye", "--port", "0")

    assert done.status == 2
    for name in ("VIB_DATABASE_URL", "VIB_STORAGE_FOLDER", "VIB_SCRATCH_FOLDER", "UPLOAD_SECRET"):
        assert name in done.err


def test_every_task_list_says_what_its_activities_work_with() -> None:
    assert tuple(needs.WORKERS) == TASK_LISTS
