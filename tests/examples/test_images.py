"""examples/images, run as its README says."""

import importlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness.example import ROOT
from swflow import WorkflowFailed

pytestmark = pytest.mark.slow

URL = "https://example.org/sky.jpg"
SORT = f"""swflow start workflows:sort_image '"{URL}"' '"sorted"' --workflow-id sky"""


class Gallery(ThreadingHTTPServer):
    """Serves one image of two megapixels, which is blue; slowly, if it is asked to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.asked = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()
        content = BytesIO()
        Image.new("RGB", (2_000, 1_000), (20, 30, 200)).save(content, "PNG")
        self.image = content.getvalue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/sky.png"


class _Page(BaseHTTPRequestHandler):
    server: Gallery

    def do_GET(self) -> None:
        self.server.asked.release()
        self.server.open.wait(60)
        found = self.path == "/sky.png"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(self.server.image) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(self.server.image)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    with Gallery() as gallery, ExitStack() as stack:
        thread = threading.Thread(target=gallery.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(gallery.shutdown)
        stack.callback(gallery.open.set)
        yield gallery


@pytest.fixture
def images(example: Any) -> Any:
    opened = example("images")
    opened.run("swflow register activities workflows --retention 7")
    return opened


def start_all(images: Any) -> list[Any]:
    """The decider and the workers."""
    return [
        images.start("swflow decider workflows"),
        images.start("swflow worker activities --task-list pixels --processes 2"),
        images.start("swflow worker activities --task-list files"),
    ]


def sort(images: Any, url: str, folder: Path) -> None:
    images.run(SORT, {URL: url, "sorted": str(folder)})


def scheduled(execution: Any) -> list[tuple[str, str]]:
    """The activities that an execution asked for, and their task lists."""
    asked = [
        event["activityTaskScheduledEventAttributes"]
        for event in execution.history()
        if event["eventType"] == "ActivityTaskScheduled"
    ]
    return [(says["activityType"]["name"], says["taskList"]["name"]) for says in asked]


def test_everything_is_restarted_midway(
    images: Any, client: Any, gallery: Gallery, tmp_path: Path
) -> None:
    processes = start_all(images)
    gallery.open.clear()
    sort(images, gallery.url, tmp_path)
    for _ in range(2):
        assert gallery.asked.acquire(timeout=60)  # both activities wait for the image

    for process in processes:
        process.terminate()
    gallery.open.set()
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    execution = client(images.domain).execution("sky")
    assert execution.is_open()
    start_all(images)
    path = Path(execution.result(timedelta(seconds=60)))

    assert path.parent == tmp_path / "blue"
    with Image.open(path) as small:
        assert small.size == (128, 64)
    assert scheduled(execution) == [
        ("resize", "pixels"),
        ("predominant_colour", "pixels"),
        ("move", "files"),
    ]


def test_an_image_that_is_not_there_is_asked_for_once(
    images: Any, client: Any, gallery: Gallery, tmp_path: Path
) -> None:
    start_all(images)

    sort(images, gallery.url.replace("sky", "sea"), tmp_path)

    execution = client(images.domain).execution("sky")
    with pytest.raises(WorkflowFailed, match="there is no image at http"):
        execution.result(timedelta(seconds=60))
    assert len(scheduled(execution)) == 2


def test_a_heartbeat_for_each_megapixel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples" / "images")
    activities = importlib.import_module("activities")
    image = Image.new("RGB", (2_000, 1_250), (200, 30, 20))
    beats: list[dict[str, int]] = []
    monkeypatch.setattr(activities, "download", lambda _url: image)
    monkeypatch.setattr(activities, "heartbeat", beats.append)

    assert activities.predominant_colour("sky") == "red"

    assert beats == [{"megapixels": 1}, {"megapixels": 2}, {"megapixels": 3}]
