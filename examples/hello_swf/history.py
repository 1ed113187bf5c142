"""Print what happened to an execution, one event a line: `python history.py RUN_ID`."""

import argparse
import json

from hello import DOMAIN, WORKFLOW_ID, client

parser = argparse.ArgumentParser(description="Print what happened to an execution.")
parser.add_argument("run_id", metavar="RUN_ID", help="what start.py printed")
execution = {"workflowId": WORKFLOW_ID, "runId": parser.parse_args().run_id}
pages = client().get_paginator("get_workflow_execution_history")
for page in pages.paginate(domain=DOMAIN, execution=execution):
    for event in page["events"]:
        print(json.dumps(event, default=str))
