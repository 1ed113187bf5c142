"""Four questions, answered by experiments: `python questions.py`, which takes about a minute."""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from textwrap import dedent
from typing import Any

from laboratory import Laboratory, kill, kinds, laboratory
from stages import stages

from swflow import Execution

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def a_worker_dies(lab: Laboratory) -> Execution[Any]:
    """What happens if a worker is killed?

    Amazon SWF does not notice. When the time of what it had in hand is over, the decider is told,
    and has it done again, by another worker and with more time. (With a heartbeat timeout it is
    noticed sooner.)
    """
    lab.decider()
    worker = lab.worker()
    execution = lab.begin(stages, limit=4 * SECOND)
    kill(worker)
    lab.worker()
    return execution


def a_decider_dies(lab: Laboratory) -> Execution[Any]:
    """What happens if a decider is killed midway: do workers finish what they have in hand?

    They do, and what they say is kept. What is next waits until there is another decider: for ten
    seconds for the one that knew this execution, then for any that replays its history. Nothing is
    done twice.
    """
    decider = lab.decider()
    lab.worker()
    execution = lab.begin(stages, limit=MINUTE)
    kill(decider)
    lab.wait(lambda: "ActivityTaskCompleted" in kinds(execution))
    lab.decider()
    return execution


def a_worker_is_late(lab: Laboratory) -> Execution[Any]:
    """What happens if a worker takes too long: is it ended, or told when it says that it is done?

    It is not ended, and works on for nothing: what it says at its end is refused, and dropped. The
    attempt after a timeout has more time, and its result is the one that counts. (An activity that
    sends heartbeats hears from them that it is late.)
    """
    lab.decider()
    lab.worker()
    return lab.begin(stages, limit=2 * SECOND)


def a_workflow_is_late(lab: Laboratory) -> Execution[Any]:
    """What happens if the workflow as a whole takes too long?

    It is closed at once, without asking anybody, and what its workers say after that is refused.
    """
    lab.decider()
    lab.worker()
    execution = lab.begin(stages.options(execution_timeout=3 * SECOND), limit=MINUTE)
    lab.wait(lambda: "too late" in lab.log())
    return execution


def make(experiment: Callable[[Laboratory], Execution[Any]]) -> None:
    """Make an experiment, and print the question, what happened, and the answer."""
    question, answer = (experiment.__doc__ or "").split("\n", maxsplit=1)
    print(f"\n{question}\n")
    with laboratory() as lab:
        execution = experiment(lab)
        lab.wait(lambda: not execution.is_open())
        history = execution.history()
        for event in history:
            seconds = (event["eventTimestamp"] - history[0]["eventTimestamp"]).total_seconds()
            if event["eventType"] not in ROUTINE:
                print(f"  {seconds:5.1f} s  {event['eventType']} {remark(event)}".rstrip())
        for line in lab.log().splitlines():
            if "too late" in line:
                print(f"  a worker's log: {line.partition('WARNING ')[2].partition(' [')[0]}")
    print(dedent(answer).rstrip(), flush=True)


ROUTINE = ("DecisionTaskScheduled", "DecisionTaskStarted", "DecisionTaskCompleted")


def remark(event: Mapping[str, Any]) -> str:
    """What is worth telling of an event beside its type."""
    kind = event["eventType"]
    says = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
    activity = says.get("activityType", {}).get("name")
    return activity or says.get("timeoutType") or says.get("result") or ""


if __name__ == "__main__":
    os.environ.setdefault("PACE", "0.1")
    for each in (a_worker_dies, a_decider_dies, a_worker_is_late, a_workflow_is_late):
        make(each)
