from collections.abc import Mapping
from uuid import UUID, uuid4

import swflow
from vib.contacts.items import check
from vib.contacts.questions import is_over, workflow_id
from vib.db.models import Question
from vib.errors import VibError
from vib.messages import Answer
from vib.services import Services
from vib.workflows.ask_people import answered


def tell_workflow(context: Services, question: Question, answer: Answer) -> bool:
    """Tell an answer to the workflow that waits for it; whether one does."""
    try:
        context.swf.execution(workflow_id(question.media_id)).signal(answered, answer)
    except swflow.SwflowError:
        return False
    return True


def answer_by_hand(context: Services, question_id: UUID, choices: Mapping[str, str]) -> None:
    """Answer a question in place of all who were asked.

    Raises:
        VibError: there is no such question, nobody waits for an answer any more, or it is none.
    """
    with context.sessions() as session:
        question = session.get(Question, question_id)
    if question is None:
        raise VibError(f"There is no question {question_id}.")
    check(question, choices)
    answer = Answer(question_id, f"by hand {uuid4()}", dict(choices), final=True)
    if is_over(question) or not tell_workflow(context, question, answer):
        raise VibError(f"Nobody waits for an answer to {question_id} any more.")
