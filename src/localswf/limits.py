"""Amazon SWF's quotas that its model does not state.

Source: "Amazon SWF quotas" in the Developer Guide.
"""

DOMAINS = 100
"""Domains of an account, the deprecated ones included."""

TYPES = 10_000
"""Workflow types of a domain, and as many activity types, the deprecated ones included."""

RESOURCE_TAGS = 50
"""Tags of a domain."""

RETENTION_DAYS = 90
"""Days that a domain may keep closed executions."""

OPEN_EXECUTIONS = 100_000
"""Open executions of a domain, children included."""

EXECUTION_SECONDS = 365 * 24 * 60 * 60
"""The longest that an execution may run."""

EVENTS = 25_000
"""Events of a history, after which its execution is terminated."""

OPEN_PER_EXECUTION = 1000
"""Open activities, timers, children and Lambda functions of each execution."""

POLLERS = 1000
"""Polls that wait at one task list at a time."""

LAMBDA_SECONDS = 900
"""The longest that a Lambda function may run."""
