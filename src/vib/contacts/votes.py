from collections import Counter
from collections.abc import Mapping

from vib.messages import Answer


class Ballot:
    """The answers to one question, and what they come to.

    Of each item counts what more than half of those say who were asked about it; what a final
    answer says counts alone. Where the answers that were wanted do not agree, one more is asked
    for, once.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self._answers: dict[str, Mapping[str, str]] = {}
        self._final: Mapping[str, str] | None = None
        self._asked_again = False

    def add(self, answer: Answer) -> None:
        """Take an answer; the same one only once."""
        self._answers.setdefault(answer.answer_id, answer.choices)
        if answer.final:
            self._final = answer.choices

    def verdict(self) -> dict[str, str]:
        """What counts of each item so far; an item that nobody or no majority decides is left out.

        The order is the same for the same answers in the same order.
        """
        if self._final is not None:
            return dict(self._final)
        said: dict[str, Counter[str]] = {}
        for choices in self._answers.values():
            for name, choice in choices.items():
                said.setdefault(name, Counter())[choice] += 1
        likeliest = {name: votes.most_common(1)[0] for name, votes in said.items()}
        return {
            name: choice
            for name, (choice, votes) in likeliest.items()
            if 2 * votes > said[name].total()
        }

    def is_settled(self) -> bool:
        """Whether no further answer is waited for."""
        return self._final is not None or len(self._answers) >= self.wanted

    def is_split(self) -> bool:
        """Whether all answers are there and do not agree, and nobody was asked again yet."""
        asked = {name for choices in self._answers.values() for name in choices}
        agree = self.verdict().keys() == asked
        return self.is_settled() and not agree and not self._asked_again

    def ask_again(self) -> None:
        """Wait for one more answer."""
        self._asked_again = True
        self.wanted += 1
