"""/metrics and /health."""

import asyncio
import json
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from localswf.http.server import Server
from localswf.service import Service


def read(url: str, accept: str = "*/*") -> tuple[int, str, str]:
    """Status, content type and body of a page."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


class Scrape:
    """All samples of a server at one moment."""

    def __init__(self, url: str) -> None:
        families = text_string_to_metric_families(read(f"{url}/metrics")[2])
        self.samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        found = [
            s.value for s in self.samples if (s.name, s.labels) == (f"localswf_{name}", labels)
        ]
        assert len(found) == 1, f"{name}{labels}: {found}"
        return float(found[0])

    def labels(self, label: str) -> set[str]:
        return {s.labels[label] for s in self.samples if label in s.labels}


@pytest.fixture
def url(swf_server: Any) -> Iterator[str]:
    return swf_server.endpoint_url


def test_requests_are_counted_by_operation_and_outcome(url: str, http_swf: Any) -> None:
    http_swf.start()
    http_swf.start("other")
    http_swf.refusal("describe_domain", name="none")

    scrape = Scrape(url)

    count, total = "request_seconds_count", "request_seconds_sum"
    started = {"operation": "StartWorkflowExecution", "outcome": "success"}
    unknown = {"operation": "DescribeDomain", "outcome": "UnknownResourceFault"}
    assert scrape.value(count, **started) == 2
    assert 0 < scrape.value(total, **started) < 60
    assert scrape.value("request_seconds_bucket", le="+Inf", **started) == 2
    assert scrape.value(count, **unknown) == 1


def test_what_clients_make_up_is_no_label(url: str) -> None:
    for number in range(3):
        target = {"X-Amz-Target": f"SimpleWorkflowService.MadeUp{number}"}
        request = urllib.request.Request(url, data=b"{}", headers=target)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        refused.value.close()

    scrape = Scrape(url)

    assert scrape.labels("operation") == {"unknown"}
    labels = {"operation": "unknown", "outcome": "UnknownOperationException"}
    assert scrape.value("request_seconds_count", **labels) == 3


def test_executions_and_tasks_are_counted(url: str, http_swf: Any) -> None:
    http_swf.start()
    http_swf.start("other")
    http_swf.decide(http_swf.schedule("one"), http_swf.schedule("two"))

    scrape = Scrape(url)

    assert scrape.value("open_executions") == 2
    assert scrape.value("waiting_tasks", kind="decision") == 1
    assert scrape.value("waiting_tasks", kind="activity") == 2
    assert scrape.value("waiting_pollers", kind="decision") == 0
    assert scrape.value("deadline_lag_seconds") < 60


def test_polls_that_wait_are_counted(url: str, http_swf: Any) -> None:
    waiting = threading.Thread(target=http_swf.poll_activity)
    waiting.start()
    while Scrape(url).value("waiting_pollers", kind="activity") != 1:
        assert waiting.is_alive()
    http_swf.start()
    http_swf.decide(http_swf.schedule("one"))
    waiting.join(20)
    assert Scrape(url).value("waiting_pollers", kind="activity") == 0


def test_what_is_written_is_counted(url: str, http_swf: Any, swf_server: Any) -> None:
    before = Scrape(url)
    http_swf.start()
    scrape = Scrape(url)
    assert scrape.value("events_total") == 2
    assert scrape.value("commits_total") > before.value("commits_total")
    assert scrape.value("commit_seconds_total") > before.value("commit_seconds_total")
    assert scrape.value("queued_changes") == 0
    assert scrape.value("disk_refuses") == 0
    size = swf_server.data.stat().st_size
    assert scrape.value("data_file_bytes", part="data") == size
    assert scrape.value("data_file_bytes", part="wal") > 0


def test_nothing_of_the_users_is_told(url: str, http_swf: Any) -> None:
    http_swf.start("secret-workflow")
    text = read(f"{url}/metrics")[2]
    assert "videos" not in text
    assert "secret-workflow" not in text
    assert "deciders" not in text


def test_the_server_says_what_it_is(url: str) -> None:
    scrape = Scrape(url)
    assert scrape.value("build_info", version="0.1.0", sqlite=sqlite3.sqlite_version) == 1
    assert any(sample.name == "process_resident_memory_bytes" for sample in scrape.samples)


def test_parameters_change_nothing(url: str) -> None:
    assert read(f"{url}/metrics?from=prometheus")[0] == 200


def test_the_format_is_the_one_asked_for(url: str) -> None:
    assert read(f"{url}/metrics")[1].startswith("text/plain; version=")
    status, kind, text = read(f"{url}/metrics", "application/openmetrics-text; version=1.0.0")
    assert (status, kind.split(";")[0]) == (200, "application/openmetrics-text")
    assert text.endswith("# EOF\n")


def test_a_server_is_healthy(url: str) -> None:
    assert read(f"{url}/health")[::2] == (200, '{"status":"ok"}')


def test_a_server_whose_disk_refuses_is_not_healthy(tmp_path: Any) -> None:
    """SQLite is told to take no writes, which is what a full disk comes to."""
    registration = {"name": "videos", "workflowExecutionRetentionPeriodInDays": "1"}

    async def live() -> list[tuple[int, str]]:
        service = Service(tmp_path / "swf.db")
        server = Server(service)
        port = await server.start("127.0.0.1", 0)
        url = f"http://127.0.0.1:{port}/health"
        seen = []
        service._journal._writer.execute("PRAGMA query_only = 1")
        with pytest.raises(Exception, match="cannot be written"):
            await service.call("RegisterDomain", registration)
        seen.append((await asyncio.to_thread(read, url))[::2])
        service._journal._writer.execute("PRAGMA query_only = 0")
        written = asyncio.Event()
        service._journal.eventually(written.set)
        await written.wait()
        seen.append((await asyncio.to_thread(read, url))[::2])
        await server.stop()
        return seen

    failing, well = asyncio.run(live())

    assert failing[0] == 503
    assert json.loads(failing[1])["status"] == "failing"
    assert "readonly database" in json.loads(failing[1])["reason"]
    assert well == (200, '{"status":"ok"}')
