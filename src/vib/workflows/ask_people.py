import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import swflow
from swflow import ActivityError, SerializationError, Signal, attempt, workflow
from vib import __version__
from vib.activities.ask_again import ask_again
from vib.activities.ask_merge import ask_merge
from vib.activities.ask_names import ask_names
from vib.activities.merge_tracks import merge_tracks
from vib.activities.name_people import name_people
from vib.activities.notify_people import notify_people
from vib.contacts.questions import PATIENCE
from vib.contacts.votes import Ballot
from vib.messages import Answer, Asked, VideoJob

answered = Signal("answered", Answer)
"""Somebody answered a question."""


@workflow(
    "AskPeople",
    version=__version__,
    task_list="decider",
    execution_timeout=timedelta(days=14),
)
async def ask_people(job: VideoJob) -> int:
    """Have people say what the machine is not sure of: which tracks are one person, then who it is.

    It waits for answers by signals, 36 hours a question at most; no process waits. Where nobody
    can be asked or nobody answers, what the machine holds for likeliest counts.

    Returns:
        How many persons' names were in question.
    """
    says = await _answers_to(await _asked(ask_merge(job)))
    people = await merge_tracks(job, says)
    questions = await _asked(ask_names(job, people))
    await name_people(job, people, await _answers_to(questions))
    await notify_people(job)
    return len(questions)


async def _asked(asking: "swflow.Promise[list[Asked]]") -> list[Asked]:
    """What could be asked: nothing, where Mechanical Turk is away for too long."""
    try:
        return await asking
    except ActivityError:
        return []


async def _answers_to(questions: Sequence[Asked]) -> dict[str, str]:
    """What people agree on, by items, when all questions are answered or the time is over."""
    ballots = {each.question_id: Ballot(each.wanted) for each in questions}
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while not all(ballot.is_settled() for ballot in ballots.values()):
                await _take_an_answer(ballots)
    return {
        name: choice for ballot in ballots.values() for name, choice in ballot.verdict().items()
    }


async def _take_an_answer(ballots: dict[UUID, Ballot]) -> None:
    try:
        answer = await answered.receive()
    except SerializationError:
        swflow.marker("not an answer")
        return
    ballot = ballots.get(answer.question_id)
    if ballot is None:
        swflow.marker("late answer", {"answer": answer.answer_id})
        return
    ballot.add(answer)
    if ballot.is_split():
        ballot.ask_again()
        await attempt(ask_again(answer.question_id, ballot.wanted))
