from pathlib import Path

import av
import numpy as np
import pytest

from vib.local import sample
from vib.local.sample import make_sample
from vib.video.probe import probe


def pictures(path: Path) -> np.ndarray:
    """Every fifth frame, small and grey, as signed numbers."""
    with av.open(str(path)) as file:
        frames = [frame for n, frame in enumerate(file.decode(video=0)) if n % 5 == 0]
        return np.stack([f.to_ndarray(width=64, height=36, format="gray") for f in frames]).astype(
            int
        )


def test_is_a_video_with_sound_of_the_length_asked_for(tmp_path: Path) -> None:
    make_sample(tmp_path / "sample.mp4", seconds=2.0)

    info = probe(tmp_path / "sample.mp4")
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert (info.width, info.height, info.fps) == (1280, 720, 25.0)
    assert info.duration == pytest.approx(2.0, abs=0.1)


def test_is_twelve_seconds_long_unless_told_otherwise(sample_video: Path) -> None:
    assert probe(sample_video).duration == pytest.approx(12.0, abs=0.1)


def test_has_five_shots_with_motion_in_each(sample_video: Path) -> None:
    steps = np.abs(np.diff(pictures(sample_video), axis=0)).mean(axis=(1, 2))

    cuts = np.flatnonzero(steps > 20)
    assert [round((cut + 1) / 5, 1) for cut in cuts] == [2.4, 4.8, 7.2, 9.6]
    assert np.delete(steps, cuts).min() > 0.3


def test_can_be_heard_from_beginning_to_end(sample_video: Path) -> None:
    with av.open(str(sample_video)) as file:
        sound = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)

    assert sound.shape[0] == 2
    seconds = np.array_split(sound, 12, axis=1)
    assert min(np.abs(second).max() for second in seconds) > 0.1


def test_replaces_an_older_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "sample.mp4"
    path.write_bytes(b"an older sample")

    make_sample(path, seconds=0.4)

    assert probe(path).frames == 10
    assert list(tmp_path.iterdir()) == [path]


def test_leaves_nothing_when_it_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sample, "_sound", stop)

    with pytest.raises(KeyboardInterrupt):
        make_sample(tmp_path / "sample.mp4", seconds=0.4)

    assert list(tmp_path.iterdir()) == []
