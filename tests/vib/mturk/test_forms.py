import pytest
from defusedxml.ElementTree import fromstring

from harness.mturk import QUESTIONS
from vib.contacts.items import Choice, Item, NonsenseError
from vib.mturk.forms import choices_in, question_form

ANSWERS = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/"
    "QuestionFormAnswers.xsd"
)


def answers(*pairs: tuple[str, str], tag: str = "SelectionIdentifier") -> str:
    body = "".join(
        f"<Answer><QuestionIdentifier>{name}</QuestionIdentifier><{tag}>{choice}</{tag}></Answer>"
        for name, choice in pairs
    )
    return (
        f'<?xml version="1.0"?><QuestionFormAnswers xmlns="{ANSWERS}">{body}</QuestionFormAnswers>'
    )


def test_a_form_shows_a_picture_and_its_choices_and_addresses_come_through_as_they_are() -> None:
    items = [Item("3", [3, 4], "a", [Choice("c1", "This", "b"), Choice("new", "Else")], "new")]

    form = fromstring(question_form("Look & see", items, lambda key: f"https://x/{key}?a=1&b=<2>"))

    assert form.tag == f"{QUESTIONS}QuestionForm"
    assert [each.text for each in form.iter(f"{QUESTIONS}DataURL")] == [
        "https://x/a?a=1&b=<2>",
        "https://x/b?a=1&b=<2>",
    ]
    assert [each.text for each in form.iter(f"{QUESTIONS}SelectionIdentifier")] == ["c1", "new"]
    assert form.findtext(f"{QUESTIONS}Overview/{QUESTIONS}Text") == "Look & see"


def test_an_answer_is_what_was_chosen_of_each_item() -> None:
    assert choices_in(answers(("1", "new"), ("3", "1"))) == {"1": "new", "3": "1"}


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "<oops",
        answers(("1", "new"), ("1", "2")),
        answers(("1", "in my own words"), tag="FreeText"),
        '<!DOCTYPE a [<!ENTITY b "c">]>' + answers(("1", "new")).partition("?>")[2],
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    ],
)
def test_what_is_no_answer_is_refused_and_entities_are_not_resolved(nonsense: str) -> None:
    with pytest.raises(NonsenseError):
        choices_in(nonsense)
