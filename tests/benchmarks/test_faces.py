"""What the benchmark of faces counts, on what is known; and that it runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import faces
from benchmarks.face_pictures import detection, told_apart

LABEL = {"size": [640, 480], "faces": [[100, 100, 50, 60], [300, 100, 50, 60]], "ignore": []}


def labels(**more: Any) -> Any:
    return SimpleNamespace(boxes={"a": {**LABEL, **more}})


def test_a_face_that_is_found_twice_counts_once_and_is_wrong_once() -> None:
    found = detection(labels(), {"a": [(100, 100, 50, 60), (102, 100, 50, 60)]})

    assert found == (0.5, 0.5)


def test_a_doubtful_face_is_neither_right_nor_wrong() -> None:
    doubtful = labels(ignore=[[500, 100, 50, 60]])

    assert detection(doubtful, {"a": [(100, 100, 50, 60), (500, 100, 50, 60)]}) == (0.5, 1.0)


def test_boxes_are_compared_in_the_size_of_the_labels() -> None:
    large = labels(size=[1280, 960])

    assert detection(large, {"a": [(50, 50, 25, 30), (150, 50, 25, 30)]}) == (1.0, 1.0)


def looks(*values: float) -> NDArray[np.float32]:
    embeddings = np.zeros((len(values), 128), np.float32)
    embeddings[:, 0] = values
    return embeddings


def test_people_who_look_like_themselves_alone_are_told_apart() -> None:
    result = told_apart(["ann", "ann", "bob", "bob"], looks(0, 0.1, 2, 2.1))

    assert result == (1.0, 1.0, 1.0, 1.0, 0.0)


def test_people_who_look_like_one_another_are_not() -> None:
    result = told_apart(["ann", "bob", "ann", "bob"], looks(0, 0.1, 0.2, 0.3))

    assert result.grouping < 0.6
    assert result.strangers == 1


def test_without_photographs_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faces.main([str(tmp_path)]) == 2

    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.slow
def test_people_are_followed_through_a_film_made_of_photographs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shared_labels: faces.Labels
) -> None:
    faces.Bench(None).clips(shared_labels, tmp_path, [7])

    clean, _ = (line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:4])
    appearances, found, tracks, false, grouping = map(float, clean[1:6])
    assert appearances > 5
    assert found > 0.8
    assert tracks >= appearances * found
    assert false == 0
    assert grouping > 0.9


@pytest.fixture
def shared_labels() -> faces.Labels:
    """The labelled photographs beside the checkout; without them the test is left out."""
    if not (faces.DATA / "labels.json").exists():
        pytest.skip(f"The labelled faces are not there: {faces.DATA}")
    return faces.Labels(faces.DATA)
