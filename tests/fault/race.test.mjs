// One key, many callers, several processes: one send. And who delivers when one of them goes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { integrity, isPostgres, rows } from "../e2e/database.mjs";
import { eventually, mcpClient, random, seed } from "../e2e/harness.mjs";
import {
  dotSink,
  drained,
  installation,
  metric,
  request,
  sameId,
  sendsBySubject,
  serve,
  sleep,
  stopBetweenWrites,
} from "./rig.mjs";

const KEYS = 6;
const CALLERS_PER_PROCESS = 32;
const KILLED_KEYS = 5;
const SENDS_PER_PROCESS = 200;
const KILL_WITHIN_MS = 60;
const NEVER_MS = 60_000; // longer than any test waits for an answer to the dot
const TAKE_OVER_MS_MAX = 10_000; // far below the lease, which is 30 s unless set
const LOOK_MS = 2_500; // two looks at the list of instances, and a bit

const QUICK = { SEGMENTFLOW_RETRY_SCHEDULE: "200ms", SEGMENTFLOW_LOG_LEVEL: "warn" };
const SHORT_LEASE = {
  SEGMENTFLOW_LEASE_HEARTBEAT: "200ms",
  SEGMENTFLOW_LEASE_EXPIRY: "1s",
  SEGMENTFLOW_DATABASE_IDLE_TIMEOUT: "500ms",
};
// There the lease alone tells that a process is gone.
const DEATH = isPostgres ? SHORT_LEASE : {};

const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

// The answers to call(0) … call(count - 1), as many at once as a process has callers here.
async function each(count, call) {
  const answers = [];
  const caller = async () => {
    while (answers.length < count) {
      const index = answers.push(undefined) - 1;
      answers[index] = await call(index);
    }
  };
  await Promise.all(times(CALLERS_PER_PROCESS, caller));
  return answers;
}

// A send over REST or MCP: {id} or {conflict: true}; throws when no answer came.
async function overRest(on, key, body) {
  const answer = await on.api("POST", "/api/v1/emails", body, { "Idempotency-Key": key });
  if (answer.status === 409) return { conflict: answer.body.errorCode === "IdempotencyConflict" };
  assert.equal(answer.status, 200, answer.text);
  return { id: answer.body.id };
}

async function overMcp(client, key, body) {
  const result = await client.callTool({
    name: "send_email",
    arguments: { ...body, idempotencyKey: key },
  });
  if (!result.isError) return { id: result.structuredContent.id };
  const { errorCode } = JSON.parse(result.content[0].text);
  assert.equal(errorCode, "IdempotencyConflict", result.content[0].text);
  return { conflict: true };
}

function assertOneSend(answers, subject, sends) {
  const ids = new Set(answers.map((answer) => answer.id));
  assert.equal(ids.size, 1, `${subject}: ${ids.size} sends: ${[...ids].join(", ")}`);
  assert.ok(sameId(sends.get(subject).id, [...ids][0]), `${subject} is on record otherwise`);
}

function assertEachOnce(sink, sends) {
  for (const [subject, send] of sends) {
    assert.equal(send.status, "Sent", JSON.stringify(send));
    assert.equal(sink.copies(subject).length, 1, `copies of ${subject}`);
  }
  assert.equal(sink.messages.length, sends.size, "nothing else arrived");
}

// A sink, an installation that sends to it, a server and an MCP client beside it.
async function pair(t, { settings = {}, delayMs } = {}) {
  const sink = await dotSink(t, delayMs);
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url, ...settings });
  const server = await serve(t, on);
  const { client } = await mcpClient(t, on);
  return { client, on, server, sink };
}

test("64 callers with one key in two processes make one send", async (t) => {
  const { client, on, sink } = await pair(t);
  const race = async (index) => {
    const key = `race-${index}`;
    const answers = await Promise.all([
      ...times(CALLERS_PER_PROCESS, () => overRest(on, key, request(key))),
      ...times(CALLERS_PER_PROCESS, () => overMcp(client, key, request(key))),
    ]);
    const other = request("something else");
    assert.deepEqual(await overRest(on, key, other), { conflict: true });
    assert.deepEqual(await overMcp(client, key, other), { conflict: true });
    return answers;
  };
  const answers = [];
  for (let index = 0; index < KEYS; ++index) answers.push(await race(index));
  await drained(on);
  const sends = await sendsBySubject(on);
  answers.forEach((each, index) => assertOneSend(each, `race-${index}`, sends));
  assert.equal(sends.size, KEYS);
  assertEachOnce(sink, sends);
});

test("racers who want different things with one key: one wins, the others conflict", async (t) => {
  const { client, on, sink } = await pair(t);
  const subject = (index) => `version-${index % 4}`;
  const answers = await Promise.all([
    ...times(CALLERS_PER_PROCESS, (n) => overRest(on, "shared", request(subject(n)))),
    ...times(CALLERS_PER_PROCESS, (n) => overMcp(client, "shared", request(subject(n)))),
  ]);
  await drained(on);
  const sends = await sendsBySubject(on);
  assert.equal(sends.size, 1, "one send");
  const won = answers.filter((answer) => answer.id);
  assertOneSend(won, [...sends.keys()][0], sends);
  assert.equal(won.length, (2 * CALLERS_PER_PROCESS) / 4, "all who wanted the same have it");
  assert.ok(answers.every((answer) => answer.id || answer.conflict));
  assertEachOnce(sink, sends);
});

test("callers before and after a kill -9 with one key make one send", async (t) => {
  const { client, on, server: first, sink } = await pair(t, { settings: DEATH });
  let server = first;
  const answers = new Map();
  let lost = 0;
  for (let index = 0; index < KILLED_KEYS; ++index) {
    const key = `killed-${index}`;
    const asked = [
      ...times(CALLERS_PER_PROCESS / 2, () => overRest(on, key, request(key))),
      ...times(CALLERS_PER_PROCESS / 2, () => overMcp(client, key, request(key))),
    ].map((answer) => answer.catch((error) => ({ error })));
    await sleep(random() * KILL_WITHIN_MS);
    await server.kill("SIGKILL");
    const before = await Promise.all(asked);
    server = await serve(t, on);
    const after = await Promise.all([
      ...times(CALLERS_PER_PROCESS / 2, () => overRest(on, key, request(key))),
      ...times(CALLERS_PER_PROCESS / 2, () => overMcp(client, key, request(key))),
    ]);
    const broken = before.filter(({ error }) => error);
    for (const { error } of broken) assert.match(String(error), /fetch failed|terminated/);
    lost += broken.length;
    answers.set(key, [...before.filter(({ id }) => id), ...after]);
  }
  await drained(on);
  const sends = await sendsBySubject(on);
  t.diagnostic(`seed ${seed}: ${KILLED_KEYS} kills left ${lost} callers without an answer`);
  assert.equal(sends.size, KILLED_KEYS);
  for (const [key, each] of answers) assertOneSend(each, key, sends);
  for (const [subject, send] of sends) {
    assert.equal(send.status, "Sent", JSON.stringify(send));
    const copies = sink.copies(subject).length;
    assert.ok(copies >= 1 && copies <= 1 + send.unknown, `${copies} copies of ${subject}`);
  }
});

test("a server and an AI host's process accept side by side, nothing is lost", async (t) => {
  const { client, on, server, sink } = await pair(t);
  const answers = await Promise.all([
    each(SENDS_PER_PROCESS, (n) => overRest(on, `rest-${n}`, request(`rest-${n}`))),
    each(SENDS_PER_PROCESS, (n) => overMcp(client, `mcp-${n}`, request(`mcp-${n}`))),
  ]);
  await drained(on);
  const sends = await sendsBySubject(on);
  assert.equal(new Set(answers.flat().map(({ id }) => id)).size, 2 * SENDS_PER_PROCESS);
  assert.equal(sends.size, 2 * SENDS_PER_PROCESS);
  assertEachOnce(sink, sends);
  await client.close();
  assert.deepEqual(await server.kill(), { code: 0, signal: null });
  assert.equal(await integrity(on), "ok");
});

const statusIs = (on, subject, status) =>
  eventually(`${subject} is ${status}`, async () => {
    const send = (await sendsBySubject(on)).get(subject);
    return send?.status === status && send;
  });

// The roles of the processes that made the attempts of this send, oldest first.
async function deliverers(on, subject) {
  const list = await rows(
    on,
    `SELECT coalesce(i.role, 'gone') AS role FROM delivery_attempts a
     JOIN email_sends s ON s.id = a.send_id LEFT JOIN instances i ON i.id = a.instance_id
     WHERE s.subject = '${subject}' ORDER BY a.number`,
  );
  return list.map(({ role }) => role);
}

test("mcp delivers while it is alone and leaves it to a server that comes", async (t) => {
  const sink = await dotSink(t);
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url });
  const { client } = await mcpClient(t, on);
  await overMcp(client, "alone", request("alone"));
  await statusIs(on, "alone", "Sent");
  assert.deepEqual(await deliverers(on, "alone"), ["mcp"]);

  const server = await serve(t, on);
  await sleep(LOOK_MS); // until mcp has seen it
  await overMcp(client, "served", request("served"));
  await statusIs(on, "served", "Sent");
  assert.deepEqual(await deliverers(on, "served"), ["serve"]);

  assert.deepEqual(await server.kill(), { code: 0, signal: null });
  await overMcp(client, "alone again", request("alone again"));
  await statusIs(on, "alone again", "Sent");
  assert.deepEqual(await deliverers(on, "alone again"), ["mcp"]);
  assertEachOnce(sink, await sendsBySubject(on));
});

test("what a killed mcp was delivering the server takes over at once", async (t) => {
  const sink = await dotSink(t, (count) => (count === 0 ? NEVER_MS : 0));
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url, ...DEATH });
  const { client } = await mcpClient(t, on);
  await overMcp(client, "taken over", request("taken over"));
  await eventually("the dot came", () => sink.messages.length === 1);
  await serve(t, on);
  process.kill(client.transport.pid, "SIGKILL");
  const killedAt = Date.now();
  const send = await statusIs(on, "taken over", "Sent");
  const tookMs = Date.now() - killedAt;
  t.diagnostic(`taken over and delivered ${tookMs} ms after the kill`);
  assert.ok(tookMs < TAKE_OVER_MS_MAX, `it took ${tookMs} ms`);
  assert.deepEqual([send.unknown, send.accepted], [1, 1]);
  const copies = sink.copies("taken over");
  assert.equal(copies.length, 2);
  assert.equal(copies[0].raw, copies[1].raw, "the same bytes");
});

const STALLED_SENDS = 5;
const DOT_WHILE_STALLED_MS = 4_000;

test("a server stopped past its lease changes nothing when it goes on", async (t) => {
  const { client, on, server, sink } = await pair(t, {
    settings: SHORT_LEASE,
    delayMs: (count) => (count < STALLED_SENDS ? DOT_WHILE_STALLED_MS : 0),
  });
  const subjects = times(STALLED_SENDS, (index) => `stalled-${index}`);
  await Promise.all(subjects.map((subject) => overRest(on, subject, request(subject))));
  await eventually("all dots came", () => sink.messages.length === STALLED_SENDS);
  await stopBetweenWrites(on, server);
  for (const subject of subjects) {
    const send = await statusIs(on, subject, "Sent");
    assert.deepEqual([send.unknown, send.accepted], [1, 1], `${subject} was taken over by mcp`);
  }
  const before = await sendsBySubject(on);
  const attempts = "SELECT send_id AS send, number, outcome FROM delivery_attempts";
  const attemptsBefore = await rows(on, attempts);
  await eventually("the sink has answered the stopped one", () => sink.unanswered().length === 0);

  server.child.kill("SIGCONT");
  const late = 'segmentflow_deliveries_total{outcome="late"}';
  await eventually("it noticed", async () => (await metric(on, late)) === STALLED_SENDS);
  assert.deepEqual(await sendsBySubject(on), before, "no send changed");
  assert.deepEqual(await rows(on, attempts), attemptsBefore, "no attempt changed");
  for (const subject of subjects) assert.equal(sink.copies(subject).length, 2, subject);

  await overMcp(client, "afterwards", request("afterwards"));
  await statusIs(on, "afterwards", "Sent");
  assert.equal(sink.copies("afterwards").length, 1);
});

test("a server that claims with a lost lease and dies leaves no job behind", async (t) => {
  // The mcp process may deliver four at a time, so that work is left for the one that goes on.
  let isSlow = true;
  const { client, on, server, sink } = await pair(t, {
    settings: { ...SHORT_LEASE, SEGMENTFLOW_DELIVERIES_IN_FLIGHT_MAX: "4" },
    delayMs: () => (isSlow ? 1_000 : 0),
  });
  await stopBetweenWrites(on, server);
  const subjects = times(4 * STALLED_SENDS, (index) => `left-${index}`);
  await Promise.all(subjects.map((subject) => overMcp(client, subject, request(subject))));
  await eventually("mcp delivers", () => sink.messages.length > 0);
  server.child.kill("SIGCONT");
  await sleep(random() * 200);
  await server.kill("SIGKILL");
  isSlow = false;
  await serve(t, on);
  await drained(on);
  const sends = await sendsBySubject(on);
  for (const subject of subjects) {
    const send = sends.get(subject);
    const copies = sink.copies(subject).length;
    assert.equal(send.status, "Sent", JSON.stringify(send));
    assert.ok(copies >= 1 && copies <= 1 + send.unknown, `${copies} copies of ${subject}`);
  }
});
