"""What Mechanical Turk's workers are shown, and what comes back: XML, as its schemas have it."""

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vib.contacts.items import Item, NonsenseError

_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
_QUESTIONS = f"{_SCHEMAS}/2017-11-06/QuestionForm.xsd"
_ANSWERS = f"{_SCHEMAS}/2005-10-01/QuestionFormAnswers.xsd"


def question_form(introduction: str, items: Sequence[Item], address: Callable[[str], str]) -> str:
    """Write a QuestionForm: a picture and its choices for each item.

    Nobody's name or words are in it, only faces.

    Args:
        introduction: what there is to do.
        items: what is asked.
        address: gives the address of a picture by its key.
    """
    form = Element("QuestionForm", xmlns=_QUESTIONS)
    _text(SubElement(form, "Overview"), "Text", introduction)
    for item in items:
        question = SubElement(form, "Question")
        _text(question, "QuestionIdentifier", item.name)
        _text(question, "DisplayName", f"Picture {item.name}")
        _text(question, "IsRequired", "true")
        _picture(SubElement(question, "QuestionContent"), address(item.picture), item.name)
        answer = SubElement(SubElement(question, "AnswerSpecification"), "SelectionAnswer")
        _text(answer, "StyleSuggestion", "radiobutton")
        selections = SubElement(answer, "Selections")
        for choice in item.choices:
            selection = SubElement(selections, "Selection")
            _text(selection, "SelectionIdentifier", choice.value)
            if choice.picture is None:
                _text(selection, "Text", choice.text)
            else:
                _picture(selection, address(choice.picture), choice.text)
    return tostring(form, encoding="unicode")


def _picture(parent: Element, address: str, text: str) -> None:
    binary = SubElement(parent, "Binary")
    kind = SubElement(binary, "MimeType")
    _text(kind, "Type", "image")
    _text(kind, "SubType", "jpeg")
    _text(binary, "DataURL", address)
    _text(binary, "AltText", text)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def choices_in(answers: str) -> dict[str, str]:
    """Read QuestionFormAnswers: what was chosen of each item.

    Raises:
        NonsenseError: it is no such XML, or something is answered twice or not by choosing.
    """
    try:
        root = fromstring(answers, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise NonsenseError("The answer is not the form that was asked for.") from error
    choices: dict[str, str] = {}
    for answer in root.iter(f"{{{_ANSWERS}}}Answer"):
        name = answer.findtext(f"{{{_ANSWERS}}}QuestionIdentifier", "")
        chosen = [each.text or "" for each in answer.iter(f"{{{_ANSWERS}}}SelectionIdentifier")]
        if len(chosen) != 1 or name in choices:
            raise NonsenseError(f"Picture {name[:20]!r} has no answer, or several.")
        choices[name] = chosen[0]
    return choices
