"""The domain that an environment's executions are in: types are registered as they are used."""

from collections.abc import Mapping
from typing import Any, TypeVar

import localswf
from swflow.authoring.activity import ActivityType
from swflow.authoring.workflow import WorkflowType
from swflow.errors import SwflowError

T = TypeVar("T")
Type = WorkflowType[..., Any] | ActivityType[..., Any]

NAME = "testing"


class Domain:
    """A domain on a service in this process.

    Attributes:
        swf: the service, as a client sees it.
        service: the service itself.
        decision_lists: the task lists that decision tasks may wait in.
        activity_lists: the task lists that activity tasks may wait in.
        errors: what executions failed with, by their run ids.
    """

    def __init__(self, swf: localswf.Client, service: localswf.Service) -> None:
        self.swf = swf
        self.service = service
        self.decision_lists: dict[str, None] = {}
        self.activity_lists: dict[str, None] = {}
        self.errors: dict[str, BaseException] = {}
        self._workflows: dict[tuple[str, str], WorkflowType[..., Any]] = {}
        self._activities: dict[tuple[str, str], ActivityType[..., Any]] = {}
        swf.register_domain(name=NAME, workflowExecutionRetentionPeriodInDays="90")

    def serve(self, each: Type) -> None:
        """Make a type known, and look for tasks where its tasks go; registered once."""
        key = (each.name, each.version)
        if isinstance(each, WorkflowType):
            self.decision_lists[each.task_list] = None
            if key not in self._workflows:
                self._workflows[key] = each
                self.swf.register_workflow_type(domain=NAME, **each.registration())
        else:
            self.activity_lists[each.task_list] = None
            if key not in self._activities:
                self._activities[key] = each
                self.swf.register_activity_type(domain=NAME, **each.registration())

    def workflow(self, kind: dict[str, str]) -> WorkflowType[..., Any]:
        """The workflow of this name and version.

        Raises:
            SwflowError: it is not served.
        """
        return _known(self._workflows, "workflow", kind)

    def activity(self, kind: dict[str, str]) -> ActivityType[..., Any]:
        """The activity of this name and version.

        Raises:
            SwflowError: it is not served.
        """
        return _known(self._activities, "activity", kind)


def _known(types: Mapping[tuple[str, str], T], what: str, kind: Mapping[str, str]) -> T:
    found = types.get((kind["name"], kind["version"]))
    if found is None:
        raise SwflowError(
            f"the environment does not know the {what} {kind['name']} {kind['version']}: "
            f"give it to the Environment"
        )
    return found
