"""Strategies for decisions that any decider could make."""

from hypothesis import strategies as st

IDS = st.sampled_from(["a", "b", "c"])
SECONDS = st.integers(0, 30).map(str)
TIMEOUTS = st.just("NONE") | SECONDS

SCHEDULE = st.fixed_dictionaries(
    {
        "activityId": IDS,
        "activityType": st.sampled_from(
            [{"name": "Resize", "version": "1"}, {"name": "Unknown", "version": "1"}]
        ),
        "scheduleToStartTimeout": TIMEOUTS,
        "scheduleToCloseTimeout": TIMEOUTS,
        "startToCloseTimeout": TIMEOUTS,
    },
    optional={"heartbeatTimeout": TIMEOUTS, "input": st.text(max_size=3)},
).map(
    lambda attributes: {
        "decisionType": "ScheduleActivityTask",
        "scheduleActivityTaskDecisionAttributes": attributes,
    }
)
START_TIMER = st.fixed_dictionaries({"timerId": IDS, "startToFireTimeout": SECONDS}).map(
    lambda attributes: {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}
)
CANCEL_TIMER = IDS.map(
    lambda timer_id: {
        "decisionType": "CancelTimer",
        "cancelTimerDecisionAttributes": {"timerId": timer_id},
    }
)
CANCEL_ACTIVITY = IDS.map(
    lambda activity_id: {
        "decisionType": "RequestCancelActivityTask",
        "requestCancelActivityTaskDecisionAttributes": {"activityId": activity_id},
    }
)
SCHEDULE_LAMBDA = st.fixed_dictionaries(
    {"id": IDS, "name": st.just("f")}, optional={"startToCloseTimeout": st.sampled_from("19")}
).map(
    lambda attributes: {
        "decisionType": "ScheduleLambdaFunction",
        "scheduleLambdaFunctionDecisionAttributes": attributes,
    }
)
REACH_OUT = st.sampled_from(
    [
        {
            "decisionType": "SignalExternalWorkflowExecution",
            "signalExternalWorkflowExecutionDecisionAttributes": {
                "workflowId": "other",
                "signalName": "s",
            },
        },
        {
            "decisionType": "RequestCancelExternalWorkflowExecution",
            "requestCancelExternalWorkflowExecutionDecisionAttributes": {"workflowId": "other"},
        },
        *(
            {
                "decisionType": "StartChildWorkflowExecution",
                "startChildWorkflowExecutionDecisionAttributes": {
                    "workflowId": "child",
                    "workflowType": {"name": name, "version": "1"},
                    "childPolicy": "ABANDON",
                    "executionStartToCloseTimeout": "60",
                    "taskStartToCloseTimeout": "60",
                },
            }
            for name in ("Resize", "Unknown")
        ),
    ]
)
MADE = SCHEDULE | SCHEDULE_LAMBDA | START_TIMER | CANCEL_TIMER | CANCEL_ACTIVITY | REACH_OUT
CLOSE = st.sampled_from(
    [
        {"decisionType": "CancelWorkflowExecution"},
        {"decisionType": "CompleteWorkflowExecution"},
        {"decisionType": "FailWorkflowExecution"},
        {
            "decisionType": "ContinueAsNewWorkflowExecution",
            "continueAsNewWorkflowExecutionDecisionAttributes": {
                "childPolicy": "ABANDON",
                "executionStartToCloseTimeout": "60",
                "taskStartToCloseTimeout": "60",
            },
        },
    ]
)
