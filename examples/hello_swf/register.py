"""Register the domain and its two types; those that are there already stay as they are."""

import contextlib

from hello import ACTIVITY, DOMAIN, TASK_LIST, VERSION, WORKFLOW, client

swf = client()

with contextlib.suppress(swf.exceptions.DomainAlreadyExistsFault):
    swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")

with contextlib.suppress(swf.exceptions.TypeAlreadyExistsFault):
    swf.register_activity_type(
        domain=DOMAIN,
        name=ACTIVITY,
        version=VERSION,
        defaultTaskList={"name": TASK_LIST},
        defaultTaskScheduleToStartTimeout="300",
        defaultTaskStartToCloseTimeout="3600",
        defaultTaskScheduleToCloseTimeout="3900",
        defaultTaskHeartbeatTimeout="600",
    )

with contextlib.suppress(swf.exceptions.TypeAlreadyExistsFault):
    swf.register_workflow_type(
        domain=DOMAIN,
        name=WORKFLOW,
        version=VERSION,
        defaultTaskList={"name": TASK_LIST},
        defaultTaskStartToCloseTimeout="300",
        defaultExecutionStartToCloseTimeout="3600",
        defaultChildPolicy="TERMINATE",
    )
