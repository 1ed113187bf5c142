// Lives through a workflow with the AWS SDK for JavaScript; prints what it saw as JSON.
// The endpoint, region and access key come from the environment.

import {
  DescribeDomainCommand,
  DomainAlreadyExistsFault,
  paginateGetWorkflowExecutionHistory,
  paginateListOpenWorkflowExecutions,
  paginatePollForDecisionTask,
  SWF,
  UnknownResourceFault,
  WorkflowExecutionAlreadyStartedFault,
} from "@aws-sdk/client-swf";

const swf = new SWF({ maxAttempts: 1 });
const domain = "javascript";
const deciders = { name: "deciders" };
const workers = { name: "workers" };
const kind = { name: "Process", version: "1" };
const seen = {};

async function refusal(promise) {
  try {
    await promise;
    return "none";
  } catch (error) {
    const known = [UnknownResourceFault, DomainAlreadyExistsFault, WorkflowExecutionAlreadyStartedFault];
    const found = known.find((fault) => error instanceof fault);
    return [found?.name ?? null, error.name, error.message, error.$metadata.httpStatusCode];
  }
}

async function pollDecision() {
  let task;
  const events = [];
  const pages = paginatePollForDecisionTask(
    { client: swf, pageSize: 2 },
    { domain, taskList: deciders, identity: "javascript" },
  );
  let count = 0;
  for await (const page of pages) {
    task ??= page;
    events.push(...page.events);
    count += 1;
  }
  return { taskToken: task.taskToken, pages: count, events };
}

function schedule(activityId) {
  return {
    decisionType: "ScheduleActivityTask",
    scheduleActivityTaskDecisionAttributes: {
      activityId,
      activityType: { name: "Resize", version: "1" },
      input: "caf\u00e9 \u{1f3a5}",
    },
  };
}

async function answer(taskToken, ...decisions) {
  await swf.respondDecisionTaskCompleted({ taskToken, decisions, executionContext: "so far" });
}

// Register.
const registration = { name: domain, workflowExecutionRetentionPeriodInDays: "1" };
await swf.registerDomain(registration);
await swf.registerWorkflowType({
  domain,
  ...kind,
  defaultTaskList: deciders,
  defaultChildPolicy: "TERMINATE",
  defaultExecutionStartToCloseTimeout: "3600",
  defaultTaskStartToCloseTimeout: "60",
});
await swf.registerActivityType({
  domain,
  name: "Resize",
  version: "1",
  defaultTaskList: workers,
  defaultTaskHeartbeatTimeout: "NONE",
  defaultTaskScheduleToStartTimeout: "NONE",
  defaultTaskScheduleToCloseTimeout: "NONE",
  defaultTaskStartToCloseTimeout: "NONE",
});
const description = await swf.send(new DescribeDomainCommand({ name: domain }));
seen.arn = description.domainInfo.arn;
seen.requestId = description.$metadata.requestId;

// What is refused.
seen.refusals = [
  await refusal(swf.describeDomain({ name: "nowhere" })),
  await refusal(swf.registerDomain(registration)),
  await refusal(swf.registerDomain({ ...registration, name: "a:b" })),
];

// An activity beside a timer, a signal while it runs, then the end.
const before = new Date(Date.now() - 1000);
const start = { domain, workflowId: "video", workflowType: kind, tagList: ["home"] };
const { runId } = await swf.startWorkflowExecution(start);
seen.refusals.push(await refusal(swf.startWorkflowExecution(start)));

const first = await pollDecision();
seen.firstPages = first.pages;
const timer = {
  decisionType: "StartTimer",
  startTimerDecisionAttributes: { timerId: "wait", startToFireTimeout: "0" },
};
// Both polls wait before there is a task for them.
const parked = [pollDecision, () => swf.pollForActivityTask({ domain, taskList: workers })].map(
  (poll) => poll(),
);
await answer(first.taskToken, schedule("resize"), timer);
const activity = await parked[1];
seen.activity = { activityId: activity.activityId, input: activity.input };
const beat = await swf.recordActivityTaskHeartbeat({ taskToken: activity.taskToken, details: "half" });
seen.cancelRequested = beat.cancelRequested;
await answer((await parked[0]).taskToken);

await swf.signalWorkflowExecution({ domain, workflowId: "video", signalName: "go", input: "now" });
await answer((await pollDecision()).taskToken);
await swf.respondActivityTaskCompleted({ taskToken: activity.taskToken, result: "done" });
const last = await pollDecision();
seen.lastPages = last.pages;

// What is told of it.
await swf.startWorkflowExecution({ ...start, workflowId: "another" });
const listing = paginateListOpenWorkflowExecutions(
  { client: swf, pageSize: 1 },
  { domain, startTimeFilter: { oldestDate: before, latestDate: new Date(Date.now() + 60_000) } },
);
seen.open = [];
for await (const page of listing) {
  seen.open.push(...page.executionInfos.map((info) => info.execution.workflowId));
}
await answer(last.taskToken, {
  decisionType: "CompleteWorkflowExecution",
  completeWorkflowExecutionDecisionAttributes: { result: "all done" },
});
const execution = { workflowId: "video", runId };
seen.history = [];
const history = paginateGetWorkflowExecutionHistory({ client: swf, pageSize: 5 }, { domain, execution });
for await (const page of history) {
  seen.history.push(...page.events);
}
const { executionInfo } = await swf.describeWorkflowExecution({ domain, execution });
seen.closeStatus = executionInfo.closeStatus;
seen.seconds = (executionInfo.closeTimestamp - executionInfo.startTimestamp) / 1000;
seen.refusals.push(await refusal(swf.respondActivityTaskCompleted({ taskToken: activity.taskToken })));

swf.destroy();
console.log(JSON.stringify(seen));
