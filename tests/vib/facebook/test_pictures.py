from pathlib import Path

import pytest

from harness.graph import Graph, Reply
from vib.facebook.download import Unreachable
from vib.facebook.pictures import NoPicture, Pictures

PICTURE = Reply(200, b"picture", {"Content-Type": "image/jpeg"})


def fetch(graph: Graph, folder: Path, answer: Reply) -> bytes:
    graph.add(1, "A", answer)
    Pictures(graph.url, ()).fetch(f"{graph.url}/pictures/1?signature=abc", folder / "picture")
    return (folder / "picture").read_bytes()


def redirect(uri: str) -> Reply:
    return Reply(302, b"", {"Location": uri})


def test_a_picture_is_fetched_without_a_token(graph: Graph, tmp_path: Path) -> None:
    assert fetch(graph, tmp_path, PICTURE) == b"picture"
    assert graph.fetched == [("/pictures/1", None)]


def test_a_picture_that_moved_is_followed(graph: Graph, tmp_path: Path) -> None:
    graph.add(2, "B", PICTURE)

    assert fetch(graph, tmp_path, redirect("/pictures/2")) == b"picture"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Reply(404, b""), "status 404"),
        (Reply(403, b"URL signature expired"), "status 403"),
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), "is no picture"),
        (redirect("/pictures/1"), "somewhere else"),
        (redirect("http://169.254.169.254/latest/meta-data"), "not fetched from '169.254"),
        (redirect("file:///etc/passwd"), "not fetched"),
        (redirect("http://[::1"), "no address"),
    ],
)
def test_what_is_no_picture_for_good_is_told_apart(
    graph: Graph, tmp_path: Path, answer: Reply, sentence: str
) -> None:
    with pytest.raises(NoPicture, match=sentence):
        fetch(graph, tmp_path, answer)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_from_what_may_pass(graph: Graph, tmp_path: Path, status: int) -> None:
    with pytest.raises(Unreachable):
        fetch(graph, tmp_path, Reply(status, b""))


def test_a_picture_is_read_up_to_a_size(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vib.facebook.pictures.MOST_BYTES", 1_000)

    with pytest.raises(NoPicture, match="more than 1,000 bytes"):
        fetch(graph, tmp_path, Reply(200, b" " * 2_000, {"Content-Type": "image/jpeg"}))


@pytest.mark.parametrize(
    "uri",
    [
        "http://scontent.fbcdn.net/1.jpg",
        "https://scontent.fbcdn.net:8443/1.jpg",
        "https://fbcdn.net.example.org/1.jpg",
        "https://notfbcdn.net/1.jpg",
        "https://user@fbcdn.net/1.jpg",
        "https://FBCDN.net@example.org/1.jpg",
        "ftp://fbcdn.net/1.jpg",
        "fbcdn.net/1.jpg",
        "",
    ],
)
def test_pictures_are_not_fetched_from_anywhere_else(tmp_path: Path, uri: str) -> None:
    with pytest.raises(NoPicture, match="not fetched"):
        Pictures("https://graph.example.org", ["fbcdn.net"]).fetch(uri, tmp_path / "picture")


@pytest.mark.parametrize("host", ["scontent.fbcdn.invalid", "fbcdn.invalid"])
def test_they_are_from_the_hosts_that_are_set(tmp_path: Path, host: str) -> None:
    with pytest.raises(Unreachable, match=f"{host} does not answer"):  # there is none
        Pictures("https://graph.example.org", ["fbcdn.invalid"]).fetch(
            f"https://{host}/1.jpg", tmp_path / "picture"
        )
