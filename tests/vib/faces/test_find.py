from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vib.errors import VibError
from vib.faces.detect import Detection, Detector
from vib.faces.embed import Embedder
from vib.faces.find import find_faces
from vib.faces.geometry import overlap
from vib.faces.group import group_tracks
from vib.faces.results import GOOD_SCORE, RecognitionResult
from vib.faces.shots import FaceTrack
from vib.video.probe import probe
from vib.video.samples import FILENAME
from vib.video.transcode import transcode

Picture = NDArray[np.uint8]
Find = Callable[..., list[FaceTrack]]


@pytest.fixture(scope="module")
def find(detector: Detector, embedder: Embedder) -> Find:
    def run(path: Path, **options: object) -> list[FaceTrack]:
        return find_faces(path, detector=detector, embedder=embedder, **options)

    return run


def zoom(picture: Picture, count: int) -> list[Picture]:
    """The picture at 480x480, slowly drawing nearer."""
    image = Image.fromarray(picture)
    margins = np.linspace(0, 40, count)
    boxes = [(m, m, image.width - m, image.width - m) for m in margins]
    return [np.asarray(image.resize((480, 480), box=box)) for box in boxes]


def sleeve(picture: Picture) -> Picture:
    """A square of a picture, so that different ones can share a film."""
    side = min(picture.shape[:2])
    return picture[:side, :side]


def test_a_face_is_followed_through_its_shot(
    find: Find, make_film: Callable, astronaut: Picture
) -> None:
    (track,) = find(make_film(zoom(astronaut, 24)))  # 3 s

    assert track.track_id == 1
    assert track.first_seen == 0
    assert 2.5 <= track.last_seen <= 2.75  # where it hardly moves, half the frames will do


def test_the_best_shots_come_first_and_are_good(
    find: Find, make_film: Callable, astronaut: Picture
) -> None:
    (track,) = find(make_film(zoom(astronaut, 24)))

    scores = [shot.score for shot in track.shots]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > GOOD_SCORE
    assert track.best is track.shots[0]
    np.testing.assert_allclose(
        track.embedding, np.mean([shot.embedding for shot in track.shots], axis=0)
    )


def test_shots_are_apart_in_time(find: Find, make_film: Callable, astronaut: Picture) -> None:
    (track,) = find(make_film(zoom(astronaut, 24)))

    assert len({shot.timecode // 0.5 for shot in track.shots}) == 3


def test_the_sharp_moment_of_a_blurred_track_is_the_best(
    find: Find, make_film: Callable, astronaut: Picture
) -> None:
    sharp = np.asarray(Image.fromarray(astronaut).resize((480, 480)))
    blurred = np.asarray(Image.fromarray(sharp).resize((90, 90)).resize((480, 480)))

    (track,) = find(make_film([blurred] * 12 + [sharp] * 4 + [blurred] * 8))

    assert 1.5 <= track.best.timecode < 2


def test_a_blurred_face_is_kept_and_marked_by_its_score(
    find: Find, make_film: Callable, astronaut: Picture
) -> None:
    image = Image.fromarray(astronaut).resize((40, 40)).resize((480, 480))

    (track,) = find(make_film([np.asarray(image)] * 16))

    assert track.flaw is RecognitionResult.BAD_FACE
    (shot,) = track.shots
    assert shot.embedding is None


def test_a_cut_begins_new_tracks(
    find: Find, make_film: Callable, astronaut: Picture, hopper: Picture
) -> None:
    face = astronaut[45:245, 125:325]  # Collins where Hopper is: only the cut tells them apart
    film = make_film([*zoom(face, 12), *zoom(hopper[80:400, 80:400], 12), *zoom(face, 12)])

    tracks = find(film)

    assert [track.first_seen for track in tracks] == pytest.approx([0, 1.5, 3], abs=0.13)
    assert [[t.track_id for t in group] for group in group_tracks(tracks)] == [[1, 3], [2]]


def test_two_faces_at_once_are_two_tracks(
    find: Find, make_film: Callable, astronaut: Picture, hopper: Picture
) -> None:
    both = np.concatenate([astronaut, hopper[:512]], axis=1)

    tracks = find(make_film([both] * 8))

    assert len(tracks) == 2
    assert {track.track_id for track in tracks} == {1, 2}
    assert sorted(track.best.box[0] > 512 for track in tracks) == [False, True]


def test_a_track_that_runs_on_from_one_person_to_another_shows_one_of_them(
    find: Find, make_film: Callable, astronaut: Picture, hopper: Picture, coffee: Picture
) -> None:
    stage = np.asarray(Image.fromarray(coffee).resize((960, 640)))
    face, other = astronaut[45:205, 140:300], hopper[80:400:2, 90:410:2]
    frames = [stage.copy() for _ in range(12)]
    for index, frame in enumerate(frames):  # too small a change to be taken for a cut
        frame[300:460, 400:560] = face if index < 4 else other

    (track,) = find(make_film(frames))

    assert (track.first_seen, track.last_seen) == (0, 1.0)
    assert len({shot.timecode < 0.5 for shot in track.shots}) == 1


def test_a_film_without_faces_has_no_tracks(
    find: Find, make_film: Callable, coffee: Picture
) -> None:
    assert find(make_film([coffee] * 8)) == []


def test_boxes_are_in_pixels_of_the_frame_and_pictures_show_the_face(
    find: Find, make_film: Callable, detector: Detector, astronaut: Picture
) -> None:
    (track,) = find(make_film([astronaut] * 8))

    (face,) = detector.detect(astronaut)
    left, top, width, height = track.best.box
    assert overlap(track.best.box, face.box) > 0.9
    part = seen(track)
    assert part.shape[:2] == pytest.approx((1.8 * height, 1.8 * width), abs=2)
    assert track.best.size == (part.shape[1], part.shape[0])
    x, y = round(left - 0.4 * width), round(top - 0.4 * height)
    there = astronaut[y : y + part.shape[0], x : x + part.shape[1]]
    assert np.abs(part.astype(int) - there).mean() < 12


def seen(track: FaceTrack) -> Picture:
    """The picture of a track's best shot."""
    with Image.open(BytesIO(track.best.picture)) as image:
        assert image.format == "JPEG"
        return np.asarray(image)


def test_a_picture_is_at_most_512_pixels_large(
    find: Find, make_film: Callable, hopper: Picture
) -> None:
    large = np.asarray(Image.fromarray(sleeve(hopper)).resize((1200, 1200)))

    (track,) = find(make_film([large] * 4))

    assert max(seen(track).shape) == 512
    assert track.best.box[2] > 300


def test_boxes_are_in_pixels_of_the_video_where_its_samples_are_smaller(
    find: Find, make_film: Callable, detector: Detector, astronaut: Picture
) -> None:
    large = np.asarray(Image.fromarray(astronaut).resize((2048, 2048)))

    (track,) = find(make_film([large] * 4))

    (face,) = detector.detect(astronaut)
    assert overlap(track.best.box, face.scaled(4, 4).box) > 0.9


def test_a_face_that_comes_between_two_scans_is_found_by_the_next(
    find: Find, make_film: Callable, astronaut: Picture, coffee: Picture
) -> None:
    stage = np.asarray(Image.fromarray(coffee).resize((960, 640)))
    with_face = stage.copy()
    with_face[300:460, 400:560] = astronaut[45:205, 140:300]

    (track,) = find(make_film([stage, with_face, with_face, with_face, with_face], rate=4))

    assert (track.first_seen, track.last_seen) == (0.5, 1.0)


def test_a_face_that_walks_is_one_track(
    find: Find, make_film: Callable, astronaut: Picture, coffee: Picture
) -> None:
    stage = np.asarray(Image.fromarray(coffee).resize((960, 640)))
    frames = [stage.copy() for _ in range(10)]
    for number, frame in enumerate(frames):  # half its width a quarter of a second, up and down
        x, y = 50 + 50 * number, 300 + 25 * (-1) ** number
        frame[y : y + 160, x : x + 160] = astronaut[45:205, 140:300]

    (track,) = find(make_film(frames, rate=4))

    assert (track.first_seen, track.last_seen) == (0, 2.25)


class Watched(Detector):
    """Notes how wide the pictures are that it searches."""

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[int] = []

    def detect_unscaled(self, rgb: Picture) -> list[Detection]:
        self.searched.append(rgb.shape[1])
        return super().detect_unscaled(rgb)


@pytest.mark.parametrize(("side", "closely"), [(150, True), (600, False)])
def test_a_shot_is_searched_closely_unless_it_is_a_close_up(
    side: int, closely: bool, embedder: Embedder, make_film: Callable, astronaut: Picture
) -> None:
    black, shot = Image.new("RGB", (1280, 720)), Image.new("RGB", (1280, 720), "white")
    shot.paste(Image.fromarray(astronaut[45:245, 125:325]).resize((side, side)), (300, 100))
    film = make_film([np.asarray(frame) for frame in [black] * 2 + [shot] * 4], rate=4)
    detector = Watched()

    tracks = find_faces(film, detector=detector, embedder=embedder)

    assert [track.first_seen for track in tracks] == [0.5]
    assert detector.searched.count(960) == 1 + closely  # the film's first frame always is


def test_every_frame_of_a_slow_film_is_searched(
    find: Find, make_film: Callable, astronaut: Picture, coffee: Picture
) -> None:
    nobody = np.asarray(Image.fromarray(coffee).resize((512, 512)))

    tracks = find(make_film([nobody, astronaut, nobody, nobody, nobody, astronaut], rate=1))

    assert [track.first_seen for track in tracks] == [1, 5]


def test_what_a_second_look_finds_is_the_tracks_flaw(
    find: Find, make_film: Callable, astronaut: Picture
) -> None:
    shown: list[bytes] = []

    def flaw(picture: bytes) -> RecognitionResult:
        shown.append(picture)
        return RecognitionResult.NOT_FACE

    (track,) = find(make_film([astronaut] * 8), flaw=flaw)

    assert shown == [track.best.picture]
    assert track.flaw is RecognitionResult.NOT_FACE
    assert all(shot.embedding is None for shot in track.shots)
    with pytest.raises(ValueError, match="not_face"):
        _ = track.embedding


def test_a_track_whose_shots_all_differ_is_a_bad_track(
    detector: Detector, make_film: Callable, astronaut: Picture
) -> None:
    class Distracted(Embedder):
        def embed_shots(self, chips: Picture) -> NDArray[np.float32]:
            return np.eye(len(chips), 128, dtype=np.float32)

    film = make_film(zoom(astronaut, 24))

    (track,) = find_faces(film, detector=detector, embedder=Distracted())

    assert track.flaw is RecognitionResult.BAD_TRACK
    assert len(track.shots) == 3


def test_the_same_film_gives_the_same_tracks(
    find: Find, make_film: Callable, astronaut: Picture, hopper: Picture
) -> None:
    film = make_film([*zoom(astronaut, 8), *zoom(sleeve(hopper), 8)])

    once, again = find(film), find(film)

    assert [track.best.picture for track in once] == [track.best.picture for track in again]
    np.testing.assert_array_equal([t.embedding for t in once], [t.embedding for t in again])


def test_progress_rises_from_0_to_1(find: Find, make_film: Callable, astronaut: Picture) -> None:
    reported: list[float] = []

    find(make_film([astronaut] * 24), progress=reported.append)

    assert len(reported) > 10
    assert reported == sorted(reported)
    assert reported[0] >= 0
    assert reported[-1] == 1


class GivenUpError(Exception):
    """What a caller raises to stop the work."""


def test_what_progress_raises_ends_the_work_and_closes_the_file(
    find: Find, make_film: Callable, astronaut: Picture
) -> None:
    film = make_film([astronaut] * 24)

    def stop(fraction: float) -> None:
        if fraction > 0.4:
            raise GivenUpError

    with pytest.raises(GivenUpError):
        find(film, progress=stop)

    assert film.resolve() not in open_files()


def test_an_error_of_the_detector_closes_the_file(
    embedder: Embedder, make_film: Callable, astronaut: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film([astronaut] * 8)
    monkeypatch.setattr(Detector, "detect_unscaled", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError) as caught:
        find_faces(film, detector=Detector(), embedder=embedder)

    assert film.resolve() not in open_files()
    assert caught.value is not None  # its traceback, which holds the samples, is still there


def open_files() -> set[Path]:
    files = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            files.add(descriptor.resolve())
        except OSError:  # the listing's own
            continue
    return files


def test_what_holds_no_samples_is_refused(find: Find, tmp_path: Path) -> None:
    path = tmp_path / "letter.mkv"
    path.write_text("Dear Grace")

    with pytest.raises(VibError, match="does not hold the sampled frames"):
        find(path)


def test_the_people_of_the_sample_video_are_found(find: Find, sample_frames: Path) -> None:
    tracks = find(sample_frames)

    assert [track.flaw for track in tracks] == [None] * 3
    groups = [[track.track_id for track in group] for group in group_tracks(tracks)]
    assert groups == [[1, 3], [2]]


def test_the_singer_is_found_and_the_audience_is_not_taken_for_him(
    find: Find, shared_faces: Any, tmp_path: Path
) -> None:
    clip = shared_faces.folder / "video" / "short_hamilton_clip.mp4"
    transcode(clip, probe(clip), tmp_path)

    tracks = find(tmp_path / FILENAME)

    groups = group_tracks([track for track in tracks if track.flaw is None])
    singer = max(groups, key=len)
    moments = [shot.timecode for track in singer for shot in track.shots]
    # He is on the stage up to 1.4 s and from 3.7 to 7.9 s; the rest shows the audience.
    assert min(moments) < 1.4
    assert len([moment for moment in moments if 3.7 <= moment < 7.9]) >= 6
    assert all(moment < 1.4 or 3.7 <= moment < 7.9 for moment in moments)
    # A musician beside him is seen at the beginning, too.
    others = [track for group in groups if group is not singer for track in group]
    assert not any(1.4 < track.first_seen < 7.9 for track in others)
