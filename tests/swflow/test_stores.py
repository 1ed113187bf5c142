"""Where long payloads are kept, and for how long."""

import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from swflow import (
    Client,
    FolderStore,
    PayloadError,
    Payloads,
    PayloadStore,
    S3Store,
    SwflowError,
    sweep,
    workflow,
)
from swflow.values.sealing import Sealer
from tests.swflow.stores import BUCKET, MemoryStore, noise, s3_server

KEY = "films/2026-01-31/" + "a" * 64


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint_url:
        yield endpoint_url


@pytest.fixture(params=["folder", "S3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> PayloadStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "payloads")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    url = request.getfixturevalue("s3")
    return S3Store(BUCKET, f"{tmp_path.name}/", endpoint_url=url, region="us-east-1")


def test_what_was_put_is_there(store: PayloadStore) -> None:
    store.put(KEY, b"one")
    store.put(KEY, b"one")
    assert store.get(KEY) == b"one"


def test_what_was_not_put_is_missing(store: PayloadStore) -> None:
    with pytest.raises(KeyError):
        store.get(KEY)


def test_keys_come_in_order_and_of_one_domain(store: PayloadStore) -> None:
    days = ["2025-12-31", "2026-01-01", "2026-02-01"]
    for domain in ("films", "films2"):
        for day in reversed(days):
            store.put(f"{domain}/{day}/b", b"")
            store.put(f"{domain}/{day}/a", b"")
    assert list(store.keys("films/")) == [f"films/{day}/{each}" for day in days for each in "ab"]
    assert list(store.keys("books/")) == []


def test_what_is_deleted_is_gone(store: PayloadStore) -> None:
    store.put(KEY, b"one")
    store.put(KEY + "2", b"two")
    store.delete([KEY, KEY + "3"])
    assert list(store.keys("films/")) == [KEY + "2"]


def test_a_payload_makes_the_way_there_and_back(store: PayloadStore) -> None:
    text = noise(100_000)
    payloads = Payloads(store=store)
    sealed = Sealer("films", payloads).seal(text, "the input")
    assert Sealer("films", payloads).open(sealed) == text


# A folder.


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "payloads").touch()
    sealer = Sealer("films", Payloads(store=FolderStore(tmp_path / "payloads")))
    with pytest.raises(PayloadError, match=r"could not be put into .*payloads: \[Errno 20\]"):
        sealer.seal(noise(40_000), "the input")


def test_a_domain_s_name_leads_nowhere_else(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "payloads")
    Sealer("../..", Payloads(store=store)).seal(noise(40_000), "the input")
    assert [each.name for each in tmp_path.iterdir()] == ["payloads"]
    assert [each.name for each in (tmp_path / "payloads").iterdir()] == ["%2E.%2F.."]


def test_many_processes_put_the_same(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    data = os.urandom(100_000)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=put_often, args=(store, data)) for _ in range(4)]
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        try:
            assert store.get(KEY) == data
        except KeyError:
            continue
    assert [each.exitcode for each in writers] == [0] * 4
    assert [each.name for each in (tmp_path / KEY).parent.iterdir()] == [Path(KEY).name]


def test_a_writer_that_is_killed_leaves_nothing_that_could_be_read(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    data = os.urandom(50_000_000)
    writer = multiprocessing.get_context("fork").Process(target=put_often, args=(store, data))
    writer.start()
    folder = (tmp_path / KEY).parent
    while not list(folder.glob(".*.new")):
        pass
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join()
    try:
        assert store.get(KEY) == data
    except KeyError:
        assert list(folder.glob(".*.new"))  # swept with its day


def put_often(store: FolderStore, data: bytes) -> None:
    for _ in range(20):
        store.put(KEY, data)


# S3.


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    kms = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "the-key"}
    return S3Store(BUCKET, "kms/", endpoint_url=s3, region="us-east-1", put_options=kms)


def test_objects_are_encrypted_as_the_bucket_s_owner_asks(bucket: S3Store) -> None:
    bucket.put(KEY, b"one")
    head = bucket._s3.head_object(Bucket=BUCKET, Key=f"kms/{KEY}")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "the-key")


def test_more_objects_are_deleted_than_one_call_takes(bucket: S3Store) -> None:
    keys = [f"films/2026-01-31/{number:04}" for number in range(1_001)]
    for key in (keys[0], keys[-1]):
        bucket.put(key, b"")
    bucket.delete(keys)
    assert not set(keys) & set(bucket.keys("films/"))


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_says_so(s3: str) -> None:
    elsewhere = S3Store("nowhere", endpoint_url=s3, region="us-east-1")
    with pytest.raises(PayloadError, match=r"could not be put into s3://nowhere/: .*NoSuchBucket"):
        Sealer("films", Payloads(store=elsewhere)).seal(noise(40_000), "the input")


def test_a_client_does_not_cross_a_fork(bucket: S3Store) -> None:
    bucket.put(KEY, b"one")
    child = multiprocessing.get_context("fork").Process(target=get_and_compare, args=(bucket,))
    child.start()
    child.join(60)
    assert child.exitcode == 0


def get_and_compare(store: S3Store) -> None:
    before = dict(store._clients)
    assert store.get(KEY) == b"one"
    assert not set(store._clients) & set(before)


# Sweeping.


@workflow(version="1", task_list="films", execution_timeout=timedelta(hours=1))
async def waiting() -> None: ...


DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()


@pytest.fixture
def kept() -> MemoryStore:
    store = MemoryStore()
    for domain in ("films", "films2"):
        for days in (400, 3, 2, 1, 0):
            store.put(f"{domain}/{TODAY - days * DAY}/{'a' * 64}", b"")
    store.put("films/README", b"")
    return store


@pytest.fixture
def films(shared_server: Any, kept: MemoryStore, request: pytest.FixtureRequest) -> Client:
    # Every test has its own domain; in the store all are called "films".
    domain = re.sub(r"\W", "-", request.node.name)
    kept.content = {key.replace("films/", f"{domain}/"): data for key, data in kept.content.items()}
    url = shared_server.endpoint_url
    client = Client(domain, endpoint_url=url, payloads=Payloads(store=kept))
    client.register(waiting, retention=30 * DAY)
    return client


def ages(store: MemoryStore, domain: str) -> list[int]:
    """How many days old the payloads are that are left."""
    days = [key.split("/")[1] for key in store.content if key.startswith(f"{domain}/20")]
    return [(TODAY - datetime.fromisoformat(each).date()).days for each in days]


def test_without_executions_all_goes_that_no_start_can_be_waiting_for(
    films: Client, kept: MemoryStore
) -> None:
    assert sweep(films).deleted == 3
    assert ages(kept, films.domain) == [1, 0]


@pytest.mark.parametrize("status", ["open", "closed"])
def test_nothing_goes_that_an_execution_or_its_history_may_need(
    films: Client, kept: MemoryStore, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    execution = films.start(waiting, workflow_id="one")
    if status == "closed":
        execution.terminate("enough")
    age(films, monkeypatch, status, days=2)
    assert sweep(films).days == {TODAY - 400 * DAY: 1}
    assert ages(kept, films.domain) == [3, 2, 1, 0]


def test_a_dry_run_deletes_nothing(films: Client, kept: MemoryStore) -> None:
    told = sweep(films, dry_run=True)
    assert ages(kept, films.domain) == [400, 3, 2, 1, 0]
    assert sweep(films) == told
    assert (told.deleted, told.before) == (3, TODAY - DAY)


def test_payloads_can_be_kept_for_longer(films: Client, kept: MemoryStore) -> None:
    assert sweep(films, keep=timedelta(days=100)).deleted == 1
    assert ages(kept, films.domain) == [3, 2, 1, 0]


def test_other_domains_and_other_files_are_left_alone(films: Client, kept: MemoryStore) -> None:
    sweep(films)
    assert ages(kept, "films2") == [400, 3, 2, 1, 0]
    assert f"{films.domain}/README" in kept.content


def test_there_has_to_be_a_store(shared_server: Any) -> None:
    with pytest.raises(SwflowError, match="nothing to sweep: no payload store is given"):
        sweep(Client("films", endpoint_url=shared_server.endpoint_url))


def age(films: Client, monkeypatch: pytest.MonkeyPatch, status: str, days: int) -> None:
    """Let the domain's executions look as if they had started some days ago."""
    operation = f"list_{status}_workflow_executions"
    listed = getattr(films.connection.swf, operation)

    def aged(**asked: Any) -> Any:
        page = listed(**asked)
        for each in page["executionInfos"]:
            each["startTimestamp"] -= days * DAY
        return page

    monkeypatch.setattr(films.connection.swf, operation, aged)
