"""What the tests do to the cluster, and what they see of it."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from harness.tus_client import TusClient, token_of
from vib import keys
from vib.db.models import Asset, Media, Stage
from vib.notify import verify
from vib.services import Services

ROOT = Path(__file__).resolve().parents[3]
INVENTORY = ROOT / "inventories/molecule"
BIN = Path(sys.executable).parent
POPEYES = ("http://127.0.0.1:22121", "http://127.0.0.1:22122")
WORKERS = ("worker1", "worker2")
BOXES = ("popeye1", "popeye2", *WORKERS, "utility1")


@cache
def inventory() -> Mapping[str, Any]:
    """The inventory as Ansible reads it."""
    said: Mapping[str, Any] = json.loads(run("ansible-inventory", "-i", INVENTORY, "--list").stdout)
    return said


def run(*command: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of the project's environment."""
    # Molecule has Ansible use colours, whatever else is said of them.
    plain = {"NO_COLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **plain}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ok and done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def play(name: str, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a playbook as an operator does."""
    return run("ansible-playbook", "-i", INVENTORY, f"playbooks/{name}.yml", *words, ok=ok)


def on(host: str, command: str, *, ok: bool = True) -> str:
    """What a command says on a host, over SSH, as root."""
    given = inventory()["_meta"]["hostvars"][host]
    key = Path(given["ansible_ssh_private_key_file"]).expanduser()
    options = ("-o", "StrictHostKeyChecking=no", *given["ansible_ssh_common_args"].split())
    where = ("-i", key, "-p", str(given["ansible_port"]), f"{given['ansible_user']}@127.0.0.1")
    return run("ssh", *options, *where, f"sudo sh -c {shlex.quote(command)}", ok=ok).stdout


def engine(*words: str, ok: bool = True) -> str:
    """Do something to containers, or ask about them."""
    return run(os.environ.get("ENGINE") or "podman", *words, ok=ok).stdout


def kill(host: str) -> None:
    """Take a box's power away."""
    engine("kill", f"vib-{host}", ok=False)  # may fail to wait for the end that it brought about
    wait_until(lambda: "false" in engine("inspect", "--format={{.State.Running}}", f"vib-{host}"))


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; the test's own time limit is the limit."""
    while not condition():
        time.sleep(0.5)


def is_up(host: str) -> bool:
    """Whether a host answers, and all of its programs run."""
    states = on(host, "vib-release status", ok=False).splitlines()
    programs = [line for line in states if line.startswith("vib:")]
    return bool(states) and all("RUNNING" in line for line in programs)


def is_healthy(popeye: str) -> bool:
    """Whether a Popeye takes files in."""
    try:
        return TusClient(popeye, None).request("GET", "/health").status == 200
    except OSError:
        return False


@dataclass
class Cluster:
    """The cluster, and a user of it."""

    context: Services
    user_id: UUID
    video: bytes

    def upload(self, popeye: str = POPEYES[0]) -> UUID:
        """Hand a video in that nobody has handed in before, and give its id."""
        free = b"vib" + uuid4().bytes  # what a `free` box of MP4 holds makes no difference to it
        content = self.video + (8 + len(free)).to_bytes(4) + b"free" + free
        wait_until(lambda: is_healthy(popeye))
        client = TusClient(popeye, token_of(self.context, self.user_id))
        path = client.create(len(content), "party.mp4")
        answer = client.patch(path, 0, content)
        assert answer.status == 204, answer
        return UUID(path.rpartition("/")[2])

    def status(self, media_id: UUID) -> str | None:
        """How far a video is, None if it is not there yet."""
        with self.context.sessions() as session:
            media = session.get(Media, media_id)
            return None if media is None else media.status

    def is_in(self, stage: str, media_id: UUID) -> bool:
        """Whether a stage of a video is running."""
        with self.context.sessions() as session:
            row = session.get(Stage, (media_id, stage))
            return row is not None and row.status == "running"

    def wait_for(self, *media_ids: UUID) -> None:
        """Return when the videos' workflows are over."""
        for media_id in media_ids:
            wait_until(lambda media_id=media_id: self._is_over(media_id))  # type: ignore[misc]

    def _is_over(self, media_id: UUID) -> bool:
        over = self.status(media_id) in {"complete", "failed"}
        return over and not self.context.swf.execution(str(media_id)).is_open()

    def check_complete(self, *media_ids: UUID) -> None:
        """See that the videos are complete: rows, files, and one call to the web application."""
        told = [message["mid"] for message in self.calls()]
        for media_id in media_ids:
            with self.context.sessions() as session:
                wanted = set(session.scalars(select(Asset.key).filter_by(media_id=media_id)))
            stored = set(self.context.storage.keys(str(media_id)))
            assert self.status(media_id) == "complete"
            assert {keys.original(media_id), keys.made(media_id, "720p.mp4")} <= wanted
            assert wanted == stored
            assert told.count(str(media_id)) == 1

    def calls(self) -> Iterator[dict[str, Any]]:
        """What the web application heard, each signed by the secret, and once if it came twice."""
        heard = set()
        for line in on("outside1", "cat /opt/outside/heard/web").splitlines():
            call = json.loads(line)
            secret = inventory()["_meta"]["hostvars"]["utility1"]["vault_notify_secret"]
            verify(secret, call["body"].encode(), call["signature"], call["at"])
            message = json.loads(call["body"])
            if message["id"] not in heard:
                heard.add(message["id"])
                yield message

    def lines_at_loggly(self, media_id: UUID) -> list[tuple[str, dict[str, Any]]]:
        """The log lines about a video that Loggly got: from which host, and what it says."""
        found = on("outside1", f"grep {media_id} /opt/outside/heard/loggly", ok=False).splitlines()
        token = inventory()["_meta"]["hostvars"]["utility1"]["vault_loggly_token"]
        assert all(f"[{token}@41058" in line for line in found)
        return [(line.split()[2], json.loads(line[line.index("{") :])) for line in found]

    def timeouts(self, media_id: UUID) -> int:
        """How many of a video's activity tasks were never answered, as SWF says."""
        events = self.context.swf.execution(str(media_id)).history()
        return [event["eventType"] for event in events].count("ActivityTaskTimedOut")

    def steps(self, media_id: UUID, activity: str) -> list[tuple[str, float, float]]:
        """On which hosts an activity of a video was begun and completed, and when, as SWF says."""
        events = self.context.swf.execution(str(media_id)).history()
        scheduled = {
            event["eventId"]
            for event in events
            if event["eventType"] == "ActivityTaskScheduled"
            and event["activityTaskScheduledEventAttributes"]["activityType"]["name"] == activity
        }
        started = {
            event["eventId"]: event
            for event in events
            if event["eventType"] == "ActivityTaskStarted"
            and event["activityTaskStartedEventAttributes"]["scheduledEventId"] in scheduled
        }
        return [
            (
                begun["activityTaskStartedEventAttributes"]["identity"].partition(":")[0],
                begun["eventTimestamp"].timestamp(),
                event["eventTimestamp"].timestamp(),
            )
            for event in events
            if event["eventType"] == "ActivityTaskCompleted"
            and (
                begun := started.get(
                    event["activityTaskCompletedEventAttributes"]["startedEventId"]
                )
            )
        ]
