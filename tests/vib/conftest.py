from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import boto3
import numpy as np
import pytest
import skimage.data
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from harness.aws import aws
from harness.popeye import serving
from harness.shared_faces import SharedFaces, labelled_faces
from vib.faces.align import cut_chip
from vib.faces.detect import Detection, Detector
from vib.faces.embed import Embedder
from vib.faces.models import DLIB_RESNET, YUNET, open_network
from vib.services import Services, services
from vib.storage.s3 import S3Storage
from vib.video.samples import SampleWriter

Picture = NDArray[np.uint8]


@pytest.fixture(scope="session")
def shared_faces() -> SharedFaces:
    """The labelled faces beside the checkout; without them the test is left out."""
    return labelled_faces()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for converted networks that all tests share."""
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def detector(cache: Path) -> Detector:
    """A detector as the pipeline uses it."""
    return Detector(open_network(YUNET, cache=cache))


@pytest.fixture(scope="session")
def embedder(cache: Path) -> Embedder:
    """An embedder as the pipeline uses it."""
    return Embedder(open_network(DLIB_RESNET, cache=cache))


@pytest.fixture(scope="session")
def astronaut() -> Picture:
    """Eileen Collins, 512x512 pixels, her face about 100 pixels wide."""
    picture: Picture = skimage.data.astronaut()
    return picture


@pytest.fixture(scope="session")
def hopper() -> Picture:
    """Grace Hopper, 512x600 pixels, her face about 200 pixels wide."""
    spec = find_spec("matplotlib")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "mpl-data" / "sample_data"
    with Image.open(folder / "grace_hopper.jpg") as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="session")
def coffee() -> Picture:
    """A cup of coffee: nobody in sight, 600x400 pixels."""
    picture: Picture = skimage.data.coffee()
    return picture


@pytest.fixture(scope="session")
def look_at(detector: Detector) -> Callable[[Picture], tuple[Detection, Picture]]:
    """Finds the one face of a picture and cuts it out."""

    def look(picture: Picture) -> tuple[Detection, Picture]:
        (face,) = detector.detect(picture)
        return face, cut_chip(picture, face.landmarks)

    return look


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[..., Path]:
    """Writes the sampled frames of a film of the pictures given, all of one size."""

    def make(
        pictures: Iterable[Picture], *, rate: float = 8, size: tuple[int, int] | None = None
    ) -> Path:
        path = tmp_path / "samples.mkv"
        frames = list(pictures)
        height, width = frames[0].shape[:2]
        with SampleWriter(path, *(size or (width, height))) as writer:
            for number, picture in enumerate(frames):
                writer.offer(VideoFrame.from_ndarray(picture, "rgb24"), number / rate)
        return path

    return make


@pytest.fixture(scope="module")
def aws_endpoint() -> Iterator[str]:
    with aws() as endpoint_url:
        yield endpoint_url


@pytest.fixture
def bucket(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a bucket of this test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    name = f"bucket-{uuid4()}"
    s3 = boto3.client("s3", endpoint_url=aws_endpoint, region_name="us-east-1")
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3_storage(aws_endpoint: str, bucket: str, tmp_path: Path) -> S3Storage:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return S3Storage(bucket, scratch, endpoint_url=aws_endpoint, region="us-east-1")


@pytest.fixture(scope="module")
def popeye(shared_context: Services) -> Iterator[str]:
    """Where a Popeye listens."""
    with serving(shared_context) as (_, url):
        yield url


@pytest.fixture
def asking_by_hand(
    shared_context: Services,  # noqa: ARG001 - its environment, with a change
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Services]:
    """The services of an environment where people are asked by hand."""
    monkeypatch.setenv("VIB_ASK_PEOPLE", "by_hand")
    services.cache_clear()
    yield services()
    services.cache_clear()
