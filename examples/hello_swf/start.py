"""Start an execution of the workflow; prints its runId."""

from hello import DOMAIN, VERSION, WORKFLOW, WORKFLOW_ID, client

run = client().start_workflow_execution(
    domain=DOMAIN, workflowId=WORKFLOW_ID, workflowType={"name": WORKFLOW, "version": VERSION}
)
print(run["runId"])
