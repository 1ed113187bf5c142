import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vib.errors import BadVideo
from vib.video.probe import probe

# What cameras write for "turn clockwise by": the rotation part of QuickTime's display matrix.
MATRICES = {
    0: (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30),
    90: (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
    180: (-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30),
    270: (0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30),
}

MakeVideo = Callable[..., Path]


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


# Facts


def test_tells_the_facts_of_a_video(sample_video: Path) -> None:
    info = probe(sample_video)

    assert info.duration == pytest.approx(12.0, abs=0.1)
    assert (info.width, info.height, info.rotation) == (1280, 720, 0)
    assert (info.fps, info.frames) == (25.0, 300)
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert "mp4" in info.container
    assert info.bytes == sample_video.stat().st_size
    assert info.bitrate == pytest.approx(info.bytes * 8 / info.duration, rel=0.02)
    assert info.recorded_at is None


def test_a_video_without_sound_has_no_audio_codec(make_video: MakeVideo) -> None:
    assert probe(make_video()).audio_codec is None


@pytest.mark.parametrize("rotation", MATRICES)
def test_rotation_is_what_turns_the_picture_upright_and_size_is_as_displayed(
    make_video: MakeVideo, rotation: int
) -> None:
    info = probe(make_video(matrix=MATRICES[rotation]))

    assert info.rotation == rotation
    assert (info.width, info.height) == ((120, 160) if rotation in (90, 270) else (160, 120))


def test_pixels_that_are_not_square_count_as_wide_as_they_are_shown(make_video: MakeVideo) -> None:
    info = probe(make_video(size=(720, 480), pixel_aspect=Fraction(32, 27)))

    assert (info.width, info.height) == (853, 480)


@pytest.mark.parametrize(
    ("metadata", "recorded_at"),
    [
        ({"creation_time": "2019-07-20T20:17:40Z"}, datetime(2019, 7, 20, 20, 17, 40, tzinfo=UTC)),
        (
            {
                "creation_time": "2019-07-20T20:17:40Z",
                "com.apple.quicktime.creationdate": "2019-07-20T22:17:40+0200",
            },
            datetime(2019, 7, 20, 22, 17, 40, tzinfo=timezone(timedelta(hours=2))),
        ),
        ({"com.apple.quicktime.creationdate": "yesterday"}, None),
    ],
)
def test_tells_when_it_was_recorded(
    make_video: MakeVideo, metadata: dict[str, str], recorded_at: datetime | None
) -> None:
    path = make_video("video.mov", metadata=metadata, movflags="use_metadata_tags")

    assert probe(path).recorded_at == recorded_at


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("video.mov", "libx264"),
        ("video.mkv", "libx264"),
        ("video.webm", "libvpx"),
        ("video.avi", "mpeg4"),
        ("video.ts", "libx264"),
        ("video.mpg", "mpeg2video"),
        ("video.flv", "libx264"),
        ("video.asf", "mpeg4"),
        ("video.mxf", "mpeg2video"),
        ("video.3gp", "mpeg4"),
    ],
)
def test_reads_the_formats_that_cameras_and_phones_write(
    make_video: MakeVideo, name: str, codec: str
) -> None:
    info = probe(make_video(name, codec=codec, size=(352, 288), rate=25))

    assert info.duration == pytest.approx(2.0, abs=0.15)
    assert (info.width, info.height) == (352, 288)


def test_measures_the_duration_where_the_file_does_not_say_it(make_video: MakeVideo) -> None:
    # A browser that records does not know the duration when it writes the header.
    path = make_video("recorded.webm", codec="libvpx", live="1")

    assert probe(path).duration == pytest.approx(2.0, abs=0.1)


def test_a_name_that_looks_like_an_address_is_a_name(make_video: MakeVideo) -> None:
    assert probe(make_video("12:30 at http:.mp4")).frames == 60


# What is no video


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match=r"^There is no file .*gone\.mp4\.$"):
        probe(tmp_path / "gone.mp4")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadVideo, match="is a folder, not a video"):
        probe(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")

    with pytest.raises(BadVideo, match="not an ordinary file"):
        probe(tmp_path / "pipe.mp4")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(BadVideo, match=r"^empty\.mp4 is empty"):
        probe(tmp_path / "empty.mp4")


@pytest.mark.parametrize(
    "content",
    [b"Dear diary, today we went to the sea. " * 200, bytes(100_000), bytes(range(256)) * 400],
    ids=["text", "zeros", "bytes"],
)
def test_something_else_that_is_called_a_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.mp4"
    path.write_bytes(content)

    with pytest.raises(BadVideo, match=r"^diary\.mp4 is not a video"):
        probe(path)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("PNG", "is not a video"), ("JPEG", "is not a video"), ("AVIF", "is a still picture")],
)
def test_a_still_picture_that_is_called_a_video(tmp_path: Path, kind: str, sentence: str) -> None:
    path = tmp_path / "picture.mp4"
    Image.new("RGB", (64, 64), "navy").save(path, kind)

    with pytest.raises(BadVideo, match=sentence):
        probe(path)


def test_sound_alone(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as file:
        audio = file.add_stream("aac", 48_000)
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        silence.sample_rate = 48_000
        file.mux(audio.encode(silence))
        file.mux(audio.encode(None))

    with pytest.raises(BadVideo, match=r"^song\.mp4 has no video stream, only sound\.$"):
        probe(path)


def test_a_codec_nobody_knows(make_video: MakeVideo) -> None:
    path = make_video()
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))

    with pytest.raises(BadVideo, match="video codec that is not known"):
        probe(path)


# Playlists: they would make us read other files and addresses


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nsecret.ts\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "ffconcat version 1.0\nfile secret.ts\n"),
        (
            "list.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 33\n",
        ),
    ],
)
def test_a_playlist_of_local_files_is_refused(
    make_video: MakeVideo, tmp_path: Path, name: str, content: str
) -> None:
    make_video("secret.ts")
    (tmp_path / name).write_text(content)

    with pytest.raises(BadVideo, match="is not a video"):
        probe(tmp_path / name)


@pytest.fixture
def requests() -> Iterator[list[str]]:
    """The paths that a web server was asked for; the last entry before any is its address."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        asked.append(f"http://127.0.0.1:{server.server_port}")
        yield asked
        server.shutdown()
        thread.join()


def test_a_playlist_of_addresses_is_refused_and_nobody_is_called(
    tmp_path: Path, requests: list[str]
) -> None:
    (address,) = requests
    path = tmp_path / "list.m3u8"
    path.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{address}/a.ts\n#EXT-X-ENDLIST\n"
    )

    with pytest.raises(BadVideo, match="is not a video"):
        probe(path)

    assert requests == [address]


# Truncated and damaged


def test_an_mp4_that_lost_the_index_at_its_end(make_video: MakeVideo) -> None:
    with pytest.raises(BadVideo, match="truncated or damaged: the index"):
        probe(cut(make_video(), 0.5))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_an_mp4_that_lost_its_last_pictures(make_video: MakeVideo, share: float) -> None:
    path = make_video(movflags="+faststart", sound=[(0.0, 2.0)])

    with pytest.raises(BadVideo, match=r"^video\.mp4 is truncated: it ends "):
        probe(cut(path, share))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("video.mkv", "libx264"), ("video.avi", "mpeg4"), ("video.flv", "libx264")],
)
def test_other_formats_that_lost_half(make_video: MakeVideo, name: str, codec: str) -> None:
    with pytest.raises(BadVideo, match="is truncated"):
        probe(cut(make_video(name, codec=codec, seconds=4.0), 0.5))


def test_a_file_whose_pictures_were_wiped(make_video: MakeVideo) -> None:
    path = make_video(movflags="+faststart")
    content = path.read_bytes()
    start = content.index(b"mdat") + 4
    path.write_bytes(content[:start] + bytes(len(content) - start))

    with pytest.raises(BadVideo, match="damaged: none of its pictures can be decoded"):
        probe(path)


# Absurd


@pytest.mark.parametrize("size", [(8200, 16), (16, 8200), (6400, 5800)])
def test_dimensions_that_would_fill_the_memory(
    make_video: MakeVideo, size: tuple[int, int]
) -> None:
    path = make_video("big.avi", size=size, seconds=0.04, codec="mjpeg", pix_fmt="yuvj420p")

    with pytest.raises(BadVideo, match=f"is {size[0]}x{size[1]} pixels; at most 8192"):
        probe(path)


def test_pixels_so_flat_that_the_picture_would_fill_the_memory(make_video: MakeVideo) -> None:
    with pytest.raises(BadVideo, match="at most 8192"):
        probe(make_video(pixel_aspect=Fraction(100, 1)))


def test_a_duration_beyond_a_day(make_video: MakeVideo) -> None:
    with pytest.raises(BadVideo, match="longer than the 24 hours"):
        probe(make_video(times=[0.0, 25 * 3600.0, 25 * 3600.1]))


@pytest.mark.parametrize("name", ["instant.mp4", "instant.mkv"])
def test_a_video_of_one_picture(make_video: MakeVideo, name: str) -> None:
    with pytest.raises(BadVideo, match="is a still picture, not a video"):
        probe(make_video(name, times=[0.0]))


def test_no_duration(make_video: MakeVideo) -> None:
    path = make_video("instant.flv", times=[0.0, 0.0004], flvflags="no_duration_filesize")

    with pytest.raises(BadVideo, match=r"^instant\.flv has no duration\.$"):
        probe(path)
