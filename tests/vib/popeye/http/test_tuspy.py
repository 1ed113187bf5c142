"""What another project's client for the protocol makes of Popeye."""

import os
from pathlib import Path
from uuid import UUID

from tusclient.client import TusClient as Tuspy

from harness.tus_client import TusClient
from vib.db.models import Upload
from vib.popeye.received import assemble
from vib.services import Services


def test_tuspy_uploads_a_file_and_goes_on_with_it_elsewhere(
    context: Services, client: TusClient, tmp_path: Path
) -> None:
    path = tmp_path / "party.mp4"
    path.write_bytes(os.urandom(250_000))
    tuspy = Tuspy(f"{client.url}/uploads", headers={"Authorization": f"Bearer {client.token}"})
    metadata = {"filename": path.name}

    with path.open("rb") as file:
        first = tuspy.uploader(
            file_stream=file, chunk_size=60_000, metadata=metadata, upload_checksum=True
        )
        first.upload(stop_at=100_000)
        second = tuspy.uploader(
            file_stream=file, chunk_size=90_000, url=first.url, upload_checksum=True
        )
        second.upload()

    with context.sessions() as session:
        upload = session.get_one(Upload, UUID(first.url.rpartition("/")[2]))
    assert (upload.filename, upload.status) == ("party.mp4", "received")
    assemble(context, upload, tmp_path / "assembled")
    assert (tmp_path / "assembled").read_bytes() == path.read_bytes()
