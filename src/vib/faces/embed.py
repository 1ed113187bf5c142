import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vib.faces.dlib_onnx import INPUT, OUTPUT
from vib.faces.models import DLIB_RESNET, open_network

EMBEDDING_SIZE = 128
_BATCH = 16  # keeps memory small; larger ones are not faster


class Embedder:
    """Makes of each face 128 numbers that lie close together for one person.

    The distance is Euclidean: below about 0.6 it is likely to be the same person.
    """

    def __init__(self, session: onnxruntime.InferenceSession | None = None) -> None:
        """Make an embedder of the network `DLIB_RESNET`, by default opened here, for one thread."""
        self._session = session or open_network(DLIB_RESNET)

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed faces, (n, 150, 150, 3) RGB as `cut_chip` makes them: (n, 128).

        Each is the mean of the face and its mirror image, which tells people apart better.
        """
        embeddings = self._run(np.concatenate([chips, chips[:, :, ::-1]]))
        mean: NDArray[np.float32] = np.mean(np.split(embeddings, 2), axis=0)
        return mean

    def embed_shots(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed shots of one face, the best first, as `embed` does but for two thirds of the work.

        Only the best is also looked at in the mirror: the others differ anyway.
        """
        mirrored, best, *others = self._run(np.concatenate([chips[:1, :, ::-1], chips]))
        return np.stack([(mirrored + best) / 2, *others])

    def _run(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [chips[start : start + _BATCH] for start in range(0, len(chips), _BATCH)]
        answers = [self._session.run([OUTPUT], {INPUT: part})[0] for part in parts]
        return np.concatenate([np.empty((0, EMBEDDING_SIZE), np.float32), *answers])
