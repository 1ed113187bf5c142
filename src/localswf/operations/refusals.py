"""Refusals on demand, for tests of clients.

Some refusals come from what only AWS has: permissions, rates shared with others. So that a client
can be tested against them, a service can be told to refuse an operation or a type of decision.
"""

from collections.abc import Mapping

from localswf import errors
from localswf.model import decision_causes, operation_faults

_THROTTLING = "ThrottlingException"
_ANYWHERE = (_THROTTLING,)


def check_refusals(refused: Mapping[str, str]) -> None:
    """Make sure that SWF could refuse what is to be refused in this way.

    Args:
        refused: faults by the names of operations, and causes by the types of decisions.

    Raises:
        ValueError: there is no such operation or decision, or it has no such fault or cause.
    """
    causes, faults = decision_causes(), operation_faults()
    for name, answer in refused.items():
        known = causes.get(name) or (*faults.get(name, ()), *_ANYWHERE)
        if name not in causes and name not in faults:
            raise ValueError(f"Amazon SWF has no operation and no decision {name}.")
        if answer not in known:
            raise ValueError(f"{name} is never refused by {answer}, only by {', '.join(known)}.")


def refusal(operation: str, fault: str) -> errors.SwfError:
    """The error by which an operation is refused."""
    if fault == _THROTTLING:
        return errors.throttling()
    if fault == "OperationNotPermittedFault":
        return errors.operation_not_permitted(operation)
    return errors.fault(fault, f"{operation} is refused by this server's configuration.")
