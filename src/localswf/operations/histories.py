"""What is told of one execution: its description, and its history page by page."""

from collections.abc import Callable, Mapping

from localswf import errors
from localswf.engine.dispatch import Call
from localswf.engine.registry import page_size
from localswf.engine.runs import Runs
from localswf.engine.tokens import Tokens
from localswf.model import Answer
from localswf.operations.lookup import Lookup
from localswf.store.history import History, Span


class Histories:
    """What anybody may ask of an execution, open or closed."""

    def __init__(self, lookup: Lookup, runs: Runs, tokens: Tokens) -> None:
        self._lookup = lookup
        self._runs = runs
        self._tokens = tokens

    def handlers(self) -> Mapping[str, Callable[[Call], Answer]]:
        """What carries out each operation, by its name."""
        return {
            "DescribeWorkflowExecution": self._describe,
            "GetWorkflowExecutionHistory": self._get_history,
        }

    def page(self, history: History, span: Span, size: int, kind: str, *fields: int) -> Answer:
        """The first `size` events of a span; a token of `kind` with `fields` leads on."""
        events, rest = span.page(history, size)
        answer: Answer = {"events": events}
        if rest is not None:
            answer["nextPageToken"] = self._tokens.make(kind, *fields, *rest)
        return answer

    def _describe(self, call: Call) -> Answer:
        return self._runs.description(self._lookup.any_execution(call.request))

    def _get_history(self, call: Call) -> Answer:
        request, token = call.request, call.request.get("nextPageToken")
        history = self._runs.history(self._lookup.any_execution(request))
        if token:
            number, *span = self._tokens.read("history", token)
            if number != history.number:
                raise errors.invalid_token()
            rest = Span(*span)
        else:
            rest = Span(1, history.length, bool(request.get("reverseOrder")))
        return self.page(history, rest, page_size(request), "history", history.number)
