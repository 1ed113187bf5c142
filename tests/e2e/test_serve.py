import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.tus_client import TusClient

pytestmark = pytest.mark.slow


def vib(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "vib", *map(str, arguments)]


def test_one_machine_takes_files_in_until_it_is_stopped(
    postgres_folder: Path, tiny_video: Path
) -> None:
    folder = postgres_folder / "var"
    with subprocess.Popen(
        vib("serve", "--port", "0", "--folder", folder), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(4)]
        url = said[0].removeprefix("Popeye").strip()
        client = TusClient(url, token_with(folder / "env"))
        content = tiny_video.read_bytes()
        path = client.create(len(content), "party.mp4")
        client.patch(path, 0, content)
        heard = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        last = process.stdout.readline()

        assert process.wait(60) == 0
    assert '"status": "complete"' in heard
    assert path.rpartition("/")[2] in heard
    assert last == "Stopped. The same command goes on from here.\n"


def token_with(settings: Path) -> str:
    """What a shell prints that has read the settings."""
    lines = (shlex.split(line)[0] for line in settings.read_text().splitlines())
    environment = dict(line.split("=", 1) for line in lines)
    done = subprocess.run(
        vib("token", "--user", "you@localhost"),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
