"""SWF's API as botocore's own service model states it: operations, their members and limits."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape

from localswf import errors

Request = Mapping[str, Any]
"""An operation's input, as on the wire."""

Answer = dict[str, Any]
"""An operation's output, as on the wire except that history events are JSON texts."""


class Problem(NamedTuple):
    """A member that breaks a rule.

    Attributes:
        path: its names and numbers, from the value that was checked down to it.
        value: what it is.
        rule: what it should be.
    """

    path: tuple[str, ...]
    value: object
    rule: str

    def under(self, *path: str) -> "Problem":
        """The same problem, of a value that stands at a path in another one."""
        return Problem((*path, *self.path), self.value, self.rule)


Problems = Sequence[Problem]

Check = Callable[[Any], Problems]
"""Takes a value and finds its problems. Paths are made on the way back, for those alone."""

_NO_PROBLEMS: Problems = ()
_NOT_NULL = "Member must not be null"

# What the model says in prose only.
_NAME = re.compile(r"(?!arn\Z)[^:/|\x00-\x1f\x7f-\x9f\ud800-\udfff]*")
_DURATION = re.compile(r"NONE|[0-9]+|")
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "ActivityId": _NAME,
    "DomainName": re.compile(rf"(?!\s){_NAME.pattern}(?<!\s)"),
    "DurationInDays": re.compile(r"NONE|[0-9]+"),
    "DurationInSeconds": re.compile(r"[0-9]+"),
    "DurationInSecondsOptional": _DURATION,
    "Name": _NAME,
    # Half a surrogate pair is no text that could be looked for in the data file.
    "Tag": re.compile(r"[^\ud800-\udfff]*"),
    "TaskPriority": re.compile(r"-?[0-9]{1,10}|"),
    "TimerId": _NAME,
    "Version": _NAME,
    "WorkflowId": _NAME,
}

# The end of the year 9999.
_LAST_SECOND = 253_402_300_799
_PRIORITIES = range(-(2**31), 2**31)
_INFINITE = float("inf")

_JSON_TYPES: Mapping[type, str] = {
    bool: "TRUE_VALUE",
    dict: "START_OBJECT",
    float: "NUMBER_VALUE",
    int: "NUMBER_VALUE",
    list: "START_ARRAY",
    str: "STRING_VALUE",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API.

    Attributes:
        name: as on the wire.
        method: as boto3's clients call it.
        void: whether its answer has no body.
        check: validates a request's members, all problems at once.
    """

    name: str
    method: str
    void: bool
    check: Check

    def validate(self, request: Any) -> None:
        """Hold a request against the model.

        Raises:
            SwfError: it breaks the model: all broken limits in one ValidationException, or the
                first value of a wrong type as a SerializationException.
        """
        _hold(self.check, request)


@functools.cache
def service_model() -> ServiceModel:
    """SWF's model as botocore ships it."""
    return ServiceModel(Loader().load_service_model("swf", "service-2"), "swf")


@functools.cache
def operations() -> Mapping[str, Operation]:
    """Every operation of the API by its name."""
    model = service_model()
    checks: dict[str, Check] = {}
    found: dict[str, Operation] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        shape = operation.input_shape
        if shape is None:
            raise TypeError(f"botocore's model of {name} has no input.")
        check = _compile(shape, checks)
        found[name] = Operation(name, xform_name(name), operation.output_shape is None, check)
    return found


@functools.cache
def decision_attributes_member(decision_type: str) -> str:
    """The Decision member that holds the attributes of decisions of this type."""
    return f"{decision_type[0].lower()}{decision_type[1:]}DecisionAttributes"


@functools.cache
def needs_attributes(decision_type: str) -> bool:
    """Whether a decision of this type means nothing without its attributes."""
    attributes = structure("Decision").members[decision_attributes_member(decision_type)]
    return bool(attributes.required_members)


@functools.cache
def decision_causes() -> Mapping[str, tuple[str, ...]]:
    """The causes why decisions are not carried out, by the type of decision."""
    return {kind: choices(f"{kind}FailedCause") for kind in choices("DecisionType")}


@functools.cache
def operation_faults() -> Mapping[str, tuple[str, ...]]:
    """The faults of every operation, by its name."""
    model = service_model()
    return {
        name: tuple(shape.name for shape in model.operation_model(name).error_shapes)
        for name in model.operation_names
    }


@functools.cache
def failure_members(decision_type: str) -> tuple[str, ...]:
    """What the event tells that says why a decision of this type was not carried out."""
    return tuple(structure(f"{decision_type}FailedEventAttributes").members)


@functools.cache
def type_defaults(kind: str) -> tuple[str, ...]:
    """The defaults that a WorkflowType or an ActivityType can be registered with."""
    return tuple(structure(f"{kind}Configuration").members)


def check_structure(name: str, value: Any) -> None:
    """Hold a value against a structure of the model.

    Raises:
        SwfError: it breaks the model, as in `Operation.validate`.
    """
    _hold(_structure_check(name), value)


@functools.cache
def _structure_check(name: str) -> Check:
    return _compile(structure(name), {})


def structure(name: str) -> StructureShape:
    """A structure of the model."""
    shape = service_model().shape_for(name)
    if not isinstance(shape, StructureShape):
        raise TypeError(f"botocore's model has no structure {name}.")
    return shape


def choices(name: str) -> tuple[str, ...]:
    """The values that a string of the model may have."""
    shape = service_model().shape_for(name)
    if not isinstance(shape, StringShape):
        raise TypeError(f"botocore's model has no string {name}.")
    return tuple(shape.enum)


def _hold(check: Check, value: Any) -> None:
    problems = check(value)
    if problems:
        raise errors.constraints(
            [errors.broken(value, ".".join(path), rule) for path, value, rule in problems]
        )


def _compile(shape: Shape, checks: dict[str, Check]) -> Check:
    check = checks.get(shape.name)
    if check is None:
        check = checks[shape.name] = _COMPILERS[shape.type_name](shape, checks)
    return check


def _structure(shape: StructureShape, checks: dict[str, Check]) -> Check:
    members = {name: _compile(member, checks) for name, member in shape.members.items()}
    required = shape.required_members
    place = {name: number for number, name in enumerate(members)}

    def check(value: Any) -> Problems:
        if type(value) is not dict:
            raise _wrong_type(value, "Structure")
        problems: list[Problem] = []
        # Of all that a structure could have, most have little.
        for name, member in value.items():
            check_member = members.get(name)
            if check_member is not None and member is not None:
                found = check_member(member)
                if found:
                    problems += [problem.under(name) for problem in found]
        for name in required:
            if value.get(name) is None:
                problems.append(Problem((name,), None, _NOT_NULL))
        if len(problems) > 1:
            problems.sort(key=lambda problem: place[problem.path[0]])
        return problems

    return check


def _list(shape: ListShape, checks: dict[str, Check]) -> Check:
    check_member = _compile(shape.member, checks)
    maximum = shape.metadata.get("max", _INFINITE)

    def check(value: Any) -> Problems:
        if type(value) is not list:
            raise _wrong_type(value, "List")
        problems: list[Problem] = []
        if len(value) > maximum:
            shown = f"[{', '.join(map(str, value))}]"
            problems.append(Problem((), shown, _longest(maximum)))
        for number, member in enumerate(value, start=1):
            if member is None:
                problems.append(Problem((str(number), "member"), None, _NOT_NULL))
                continue
            found = check_member(member)
            if found:
                problems += [problem.under(str(number), "member") for problem in found]
        return problems

    return check


def _string(shape: StringShape, _checks: dict[str, Check]) -> Check:
    minimum = shape.metadata.get("min", 0)
    maximum = shape.metadata.get("max", _INFINITE)
    pattern = _PATTERNS.get(shape.name)
    enum = frozenset(shape.enum)
    plain = not (minimum or pattern or enum)
    shortest = f"Member must have length greater than or equal to {minimum}"
    one_of = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"

    def check(value: Any) -> Problems:
        if type(value) is not str:
            raise _wrong_type(value, "String")
        if plain and len(value) <= maximum:
            return _NO_PROBLEMS
        broken = []
        if not minimum <= len(value) <= maximum:
            broken.append(shortest if len(value) < minimum else _longest(maximum))
        if enum and value not in enum:
            broken.append(one_of)
        if pattern is not None and pattern.fullmatch(value) is None:
            broken.append(f"Member must satisfy regular expression pattern: {pattern.pattern}")
        return [Problem((), value, rule) for rule in broken] if broken else _NO_PROBLEMS

    return _priority(check) if shape.name == "TaskPriority" else check


def _priority(check_string: Check) -> Check:
    """A priority is a string of a number that Java calls an int."""

    def check(value: Any) -> Problems:
        problems = check_string(value)
        if problems or not value or int(value) in _PRIORITIES:
            return problems
        rule = f"Member must have value between {_PRIORITIES[0]} and {_PRIORITIES[-1]}"
        return [Problem((), value, rule)]

    return check


def _integer(shape: Shape, _checks: dict[str, Check]) -> Check:
    minimum = shape.metadata.get("min", -_INFINITE)
    maximum = shape.metadata.get("max", _INFINITE)

    def check(value: Any) -> Problems:
        if type(value) is not int:
            raise _wrong_type(value, "Integer")
        if minimum <= value <= maximum:
            return _NO_PROBLEMS
        side, limit = ("greater", minimum) if value < minimum else ("less", maximum)
        return [Problem((), value, f"Member must have value {side} than or equal to {limit}")]

    return check


def _boolean(_shape: Shape, _checks: dict[str, Check]) -> Check:
    def check(value: Any) -> Problems:
        if type(value) is not bool:
            raise _wrong_type(value, "Boolean")
        return _NO_PROBLEMS

    return check


def _timestamp(_shape: Shape, _checks: dict[str, Check]) -> Check:
    def check(value: Any) -> Problems:
        # JSON's numbers go on where time does not; NaN is within no bounds.
        if type(value) not in {int, float} or not abs(value) <= _LAST_SECOND:
            raise _wrong_type(value, "Timestamp")
        return _NO_PROBLEMS

    return check


_COMPILERS: Mapping[str, Callable[[Any, dict[str, Check]], Check]] = {
    "boolean": _boolean,
    "integer": _integer,
    "list": _list,
    "long": _integer,
    "string": _string,
    "structure": _structure,
    "timestamp": _timestamp,
}


def _longest(maximum: float) -> str:
    return f"Member must have length less than or equal to {maximum}"


def _wrong_type(value: object, wanted: str) -> errors.SwfError:
    shown = "FALSE_VALUE" if value is False else _JSON_TYPES.get(type(value), type(value).__name__)
    return errors.serialization(f"{shown} can not be converted to {wanted}")
