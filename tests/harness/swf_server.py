import os
import signal
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"


class SwfServer:
    """`localswf serve` as a process of its own, on a data file of its own unless `--ephemeral`."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._options = options
        self.log = data.with_suffix(".log")
        self._port = 0
        self._process = self._start()

    @property
    def endpoint_url(self) -> str:
        """Where boto3 finds it; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()
        self._process.wait(timeout=30)

    def stop(self) -> int:
        """End it with SIGTERM, unless it has ended; returns its exit status."""
        return self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> int:
        """End it with a signal, unless it has ended; returns its exit status."""
        self._process.send_signal(number)
        return self._process.wait(timeout=30)

    def restart(self) -> None:
        """Start it again on the same data file and port; ends it first if it still runs."""
        self.stop()
        self._close()
        self._process = self._start()

    def close(self) -> None:
        """End it and let go of all it holds here."""
        self.stop()
        self._close()

    def _start(self) -> "subprocess.Popen[str]":
        where = () if "--ephemeral" in self._options else ("--data", str(self.data))
        command = [sys.executable, "-m", "localswf", "serve", *where, *self._options]
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [*command, "--port", str(self._port), *self._options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(SRC)},
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait(timeout=30)
            process.stdout.close()
            raise RuntimeError(f"localswf did not start: {self.log.read_text()}")
        self._port = int(line.rpartition(":")[2])
        return process

    def _close(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()
