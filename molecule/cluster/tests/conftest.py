"""The cluster as its users and operators see it: over HTTP, SQL and SSH, from outside."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.users import add_user
from vib.local.sample import make_sample
from vib.services import Services
from vib.settings import Settings

from .cluster import INVENTORY, Cluster, inventory


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the time that boxes take to come up, on a machine that does more than this."""
    for item in items:
        item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The pipeline's database, storage and SWF, by the ports that are published here."""
    given = inventory()["_meta"]["hostvars"]["utility1"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", given["vault_aws_access_key_id"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", given["vault_aws_secret_access_key"])
        environment.setenv("AWS_DEFAULT_REGION", given["vib_region"])
        password = given["vault_database_password"]
        context = Services(
            Settings(
                database_url=f"postgresql+psycopg2://vib:{password}@127.0.0.1:22131/video",
                storage_bucket=given["vib_storage_bucket"],
                storage_endpoint_url="http://127.0.0.1:22141",
                scratch_folder=tmp_path_factory.mktemp("scratch"),
                swf_domain=given["vib_swf_domain"],
                swf_endpoint_url="http://127.0.0.1:22132",
                upload_secret=given["vault_upload_secret"],
                notify_secret=given["vault_notify_secret"],
            )
        )
        yield context
        context.engine.dispose()


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Some seconds of two people."""
    path = tmp_path_factory.mktemp("video") / "party.mp4"
    make_sample(path, seconds=4)
    return path.read_bytes()


@pytest.fixture
def cluster(context: Services, video: bytes) -> Cluster:
    """The cluster, and a new user of it."""
    return Cluster(context, add_user(context), video)


@pytest.fixture(autouse=True)
def playbooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are those of the checked-out project."""
    monkeypatch.chdir(INVENTORY.parent.parent)
    assert (Path.cwd() / "playbooks").is_dir()
    os.environ.setdefault("CONTAINERS_CONF", str(Path.cwd() / "molecule/hosts/containers.conf"))
