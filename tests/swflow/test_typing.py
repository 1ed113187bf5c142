"""What a type checker knows of activities, promises and workflows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio
from datetime import timedelta
from pathlib import Path
from swflow import (
    Client, Execution, Promise, Saga, Signal, activity, attempt, cached, external, workflow
)

approved = Signal("approved", int)
stop = Signal("stop")

@activity(version="1", task_list="x")
def resize(path: Path, width: int) -> Path:
    return path

@activity(version="1", task_list="x")
async def count(paths: list[Path]) -> int:
    return len(paths)

@workflow(version="1", task_list="x", execution_timeout=timedelta(hours=1))
async def album(path: Path) -> int:
    promise = resize(path, 1)
    reveal_type(promise)  # N: Promise[pathlib.Path]
    reveal_type(await promise)  # N: "pathlib.Path"
    both = await asyncio.gather(resize(path, 1), count([path]))
    reveal_type(both)  # N: "tuple[pathlib.Path, int]"
    reveal_type(await count([promise.later]))  # N: "int"
    reveal_type(await count.options(task_list="y")([path]))  # N: "int"
    await resize(path, "wide")  # E: "str"; expected "int"
    await resize(path)  # E: Missing positional argument "width"
    await count.options(list="y")([path])  # E: Unexpected keyword argument "list"
    return both[1]

@cached
def look(path: Path) -> bool:
    return path.exists()

@workflow(version="1", task_list="x", execution_timeout=timedelta(hours=1))
def plain(path: Path) -> list[int]:
    reveal_type(count([path]).result())  # N: "int"
    return []

@workflow(version="1", task_list="x", execution_timeout=timedelta(hours=1))
async def parent(path: Path) -> None:
    reveal_type(await album(path))  # N: "int"
    reveal_type(await plain(path))  # N: "list[int]"
    child = album.options(workflow_id="x", tags=["y"])(path)
    reveal_type(child.workflow_id)  # N: "str"
    reveal_type(await child.started)  # N: "str"
    await album("path")  # E: "str"; expected "Path"
    outcome = await attempt(resize(path, 1))
    reveal_type(outcome.value)  # N: "pathlib.Path | None"
    reveal_type(await attempt(child))  # N: Outcome[int]
    reveal_type(await approved.receive())  # N: "int"
    approved.on(lambda number: print(number + 1))
    await external("x").signal(approved, 3)
    await external("x").signal(approved, "3")  # E: Cannot infer value of type
    await external("x").signal(approved)  # E: expected "Signal[None]"
    await external("x").signal(stop)
    reveal_type(look(path))  # N: "bool"
    look(3)  # E: "int"; expected "Path"
    async with Saga() as saga:
        saga.add(resize, path, 3)
        saga.add(resize, path)  # E: Missing positional argument "width"

def start(client: Client) -> None:
    execution = client.start(album, Path(), workflow_id="one")
    reveal_type(execution)  # N: Execution[int]
    reveal_type(execution.result())  # N: "int"
    execution.signal(approved, 3)
    execution.signal(approved, "3")  # E: Cannot infer value of type
    execution.signal(stop)
    reveal_type(client.start(plain, Path(), workflow_id="two").result())  # N: "list[int]"
    reveal_type(client.execution("one", workflow=album).result())  # N: "int"
    reveal_type(client.execution("one").result())  # N: "Any"
    reveal_type(execution.published(timedelta))  # N: "datetime.timedelta | None"
    reveal_type(execution.published())  # N: "Any"

class Upper:
    name = "upper"

    def dump(self, value: object, hint: object) -> str:
        return str(value).upper()

    def load(self, data: str, hint: object) -> str:
        return data.lower()

class Nameless:
    def dump(self, value: object, hint: object) -> str:
        return ""

    def load(self, data: str, hint: object) -> str:
        return ""

shouted = Signal("shouted", str, serializer=Upper())
reveal_type(shouted)  # N: Signal[str]

@activity(version="1", task_list="x", serializer=Upper())
def shout(text: str) -> str:
    return text

Signal("whispered", str, serializer=Nameless())  # E: No overload variant of "Signal"
"""


@pytest.mark.slow
def test_mypy_sees_the_types_of_promises_and_wrong_arguments(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(program)]
    command.append(f"--cache-dir={ROOT / '.mypy_cache' / 'test_typing'}")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT / "src")},
    )
    said = {
        (int(line.split(":")[1]), line.split(":")[2].strip()): line
        for line in done.stdout.splitlines()
        if line.startswith("program.py:")
    }
    expected = {}
    for number, line in enumerate(PROGRAM.splitlines(), 1):
        for mark, level in (("# N: ", "note"), ("# E: ", "error")):
            if mark in line:
                expected[number, level] = line.partition(mark)[2]
    assert {key for key in said if key[1] == "error"} == {
        key for key in expected if key[1] == "error"
    }, done.stdout + done.stderr
    for key, text in expected.items():
        assert text in said[key]
