"""Calls of every operation, some members hostile, that build on the answers to earlier ones."""

import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from harness.fuzz import LARGE, VALUES, json_object
from localswf.model import decision_attributes_member, operations, service_model

# What keeps executions going comes more often than the rest.
OPERATIONS = (
    *operations(),
    *(10 * ["PollForActivityTask", "PollForDecisionTask", "StartWorkflowExecution"]),
    *(10 * ["RespondDecisionTaskCompleted"]),
    *(4 * ["RecordActivityTaskHeartbeat", "SignalWorkflowExecution"]),
    *(4 * ["UndeprecateActivityType", "UndeprecateDomain", "UndeprecateWorkflowType"]),
    *(2 * ["RespondActivityTaskCompleted", "RespondActivityTaskFailed"]),
)
LARGE_SHARE = 0.0005
SPLICED_SHARE = 0.2
# How often an optional member is there.
USUALLY = 0.95
NOW_AND_THEN = 0.2
SELDOM = 0.03
_OPTIONAL = re.compile(r"(default)?(.*Timeout|[Tt]askList|[Cc]hildPolicy)")
_DURATIONS = ("0", *(8 * ["60", "3600"]))
_PLAUSIBLE: Mapping[str, Sequence[str]] = {
    "": ("a", "\u00e9"),
    "domain": ("videos",),
    "name": ("a", "a", "a", "a", "a", "videos"),
    "resourceArn": ("arn:aws:swf:us-east-1:123456789012:/domain/videos",),
    "taskPriority": ("0", "-5", "7"),
    "version": ("1",),
    "workflowExecutionRetentionPeriodInDays": ("0", "1", "NONE"),
    "workflowTypeVersion": ("1",),
    **dict.fromkeys(("activityId", "id", "timerId", "workflowId"), ("a", "b", "c", "d")),
}
_SCALARS: Mapping[str, Callable[[Random], Any]] = {
    "boolean": lambda random: random.random() < 0.5,
    "integer": lambda random: random.choice((0, 1, 2, 5, 1000)),
    "timestamp": lambda random: random.choice((0, 1e9, 1.7e9, 4e9, -1)),
}
_HEARD = re.compile(rb'"(taskToken|nextPageToken|runId)":"([^"\\]+)"')
_TAKEN_BACK = frozenset({"taskToken", "nextPageToken", "runId"})


@dataclass
class Caller:
    """Makes requests of the model's shapes.

    Tokens and runIds of earlier answers turn up again, where they belong, where they do not, or
    spliced with each other.
    """

    random: Random
    hostility: float
    heard: dict[str, deque[str]] = field(default_factory=dict)

    def request(self) -> tuple[str, bytes]:
        """An operation and a body for it; a member is hostile with the probability `hostility`."""
        operation = self.random.choice(OPERATIONS)
        shape = service_model().operation_model(operation).input_shape
        assert shape is not None
        body = self._value("", shape, _kind(operation))
        return operation, body.encode("utf-8", "surrogatepass")

    def hear(self, operation: str, answer: bytes) -> None:
        """Remember the tokens and runIds of an answer."""
        for name, value in _HEARD.findall(answer):
            known = self.heard.setdefault(name.decode() + _kind(operation), deque(maxlen=4))
            known.append(value.decode())

    def _value(self, name: str, shape: Shape, kind: str) -> str:
        random = self.random
        if name and random.random() < self.hostility:
            return LARGE if random.random() < LARGE_SHARE else random.choice(VALUES)
        if isinstance(shape, StructureShape):
            return self._structure(shape, kind)
        if isinstance(shape, ListShape):
            members = range(random.randrange(4))
            return f"[{','.join(self._value(name, shape.member, kind) for _ in members)}]"
        return json.dumps(self._scalar(name, shape, kind))

    def _structure(self, shape: StructureShape, kind: str) -> str:
        random = self.random
        names = [name for name in shape.members if random.random() < _share(shape, name)]
        members = [(name, self._value(name, shape.members[name], kind)) for name in names]
        if shape.name == "Decision":
            decision = random.choice(shape.members["decisionType"].enum)
            member = decision_attributes_member(decision)
            attributes = self._value(member, shape.members[member], kind)
            members = [("decisionType", json.dumps(decision)), (member, attributes)]
        if members and random.random() < self.hostility:
            # The same name again, or one that is not in the model.
            again = random.choice([random.choice(members)[0], "nobody"])
            members.append((again, random.choice(VALUES)))
        return json_object(members)

    def _scalar(self, name: str, shape: Shape, kind: str) -> Any:
        random = self.random
        if shape.type_name != "string":
            return _SCALARS[shape.type_name](random)
        if shape.enum:
            return random.choice(shape.enum)
        if name in _TAKEN_BACK:
            return self._heard(name + kind)
        if name.endswith("Timeout"):
            return random.choice(_DURATIONS)
        return random.choice(_PLAUSIBLE.get(name, _PLAUSIBLE[""]))

    def _heard(self, name: str) -> str:
        random = self.random
        known = self.heard.get(name) or ["x"]
        if random.random() >= SPLICED_SHARE:
            return random.choice(known)
        one, other = (random.choice(random.choice([*self.heard.values(), known])) for _ in range(2))
        cut = random.randrange(len(one) + 1)
        return one[:cut] + other[cut:]


def _kind(operation: str) -> str:
    """Which tasks an operation is about, if it is about tasks."""
    return next((kind for kind in ("Activity", "Decision") if f"{kind}Task" in operation), "")


def _share(shape: StructureShape, name: str) -> float:
    if name in shape.required_members:
        return 1.0
    if name == "nextPageToken":
        return SELDOM
    return USUALLY if _OPTIONAL.fullmatch(name) else NOW_AND_THEN
