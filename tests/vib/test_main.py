import subprocess
import sys

import pytest
from sqlalchemy import inspect

from vib.db import migrate
from vib.registry import TASK_LISTS
from vib.services import Services


def vib(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vib", *arguments], capture_output=True, text=True, check=False
    )


def test_migrate_makes_the_tables(context: Services) -> None:
    migrate.downgrade(context.engine, "base")

    done = vib("migrate")

    assert done.returncode == 0, done.stderr
    assert "media" in inspect(context.engine).get_table_names()


@pytest.mark.usefixtures("context")
def test_register_may_be_given_again() -> None:
    done = vib("register", "--retention-days", "1")

    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("context")
def test_a_task_list_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = vib("worker", "transkode")

    assert done.returncode == 2
    assert done.stderr == (
        f"vib: There is no task list 'transkode'; there are {', '.join(TASK_LISTS)}.\n"
    )


@pytest.mark.usefixtures("context")
def test_a_decider_without_its_domain_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIB_SWF_DOMAIN", "nowhere")

    done = vib("decider")

    assert done.returncode == 2
    assert "domain 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIB_DATABASE_URL", raising=False)

    done = vib("migrate")

    assert done.returncode == 2
    assert done.stderr == (
        "vib: VIB_DATABASE_URL is missing, "
        "which is the SQLAlchemy URL of the PostgreSQL database.\n"
    )
