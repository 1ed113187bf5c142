from uuid import UUID, uuid4

from vib.contacts.votes import Ballot
from vib.messages import Answer

QUESTION = UUID(int=1)


def answer(choices: dict[str, str], *, final: bool = False) -> Answer:
    return Answer(QUESTION, str(uuid4()), choices, final)


def test_two_answers_that_agree_count() -> None:
    ballot = Ballot(2)

    ballot.add(answer({"1": "new"}))
    assert not ballot.is_settled()
    ballot.add(answer({"1": "new"}))

    assert ballot.is_settled()
    assert not ballot.is_split()
    assert ballot.verdict() == {"1": "new"}


def test_two_answers_that_disagree_call_for_a_third_and_the_majority_counts() -> None:
    ballot = Ballot(2)
    ballot.add(answer({"1": "new", "2": "1"}))
    ballot.add(answer({"1": "new", "2": "notface"}))
    assert ballot.is_split()

    ballot.ask_again()
    assert not ballot.is_settled()
    ballot.add(answer({"1": "badface", "2": "notface"}))

    assert ballot.is_settled()
    assert ballot.verdict() == {"1": "new", "2": "notface"}


def test_where_the_third_disagrees_too_nothing_counts_and_nobody_else_is_asked() -> None:
    ballot = Ballot(2)
    ballot.add(answer({"1": "new"}))
    ballot.add(answer({"1": "notface"}))
    ballot.ask_again()
    ballot.add(answer({"1": "badface"}))

    assert ballot.is_settled()
    assert not ballot.is_split()
    assert ballot.verdict() == {}


def test_the_same_answer_counts_once() -> None:
    ballot = Ballot(2)
    same = answer({"1": "new"})

    ballot.add(same)
    ballot.add(same)

    assert not ballot.is_settled()


def test_one_answer_is_better_than_none() -> None:
    ballot = Ballot(2)

    ballot.add(answer({"1": "new"}))

    assert ballot.verdict() == {"1": "new"}


def test_a_final_answer_decides_alone() -> None:
    ballot = Ballot(3)
    ballot.add(answer({"1": "new"}))
    ballot.add(answer({"1": "new"}))

    ballot.add(answer({"1": "notface"}, final=True))

    assert ballot.is_settled()
    assert ballot.verdict() == {"1": "notface"}
