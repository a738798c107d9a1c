// Many nodes on one database: some die or freeze, callers come to another node each time, all of
// them start at once. Nothing is lost, nothing comes twice but what is known to be doubtful.
import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { test } from "node:test";

import { databaseSettings, integrity, rows } from "../e2e/database.mjs";
import {
  apiOf,
  binary,
  dataFolder,
  eventually,
  freePort,
  mcpClient,
  newKey,
  random,
  run,
  seed,
  start,
} from "../e2e/harness.mjs";
import { assertSettled, Load, unknownOf } from "./load.mjs";
import {
  dotSink,
  installation,
  metric,
  nodeSettings,
  otherNode,
  request,
  serve,
  serveArgs,
  sleep,
  whenServing,
} from "./rig.mjs";

const ROUNDS = process.env.SEGMENTFLOW_TEST_FULL === "1" ? 25 : 5; // for each number of nodes
const ROUNDS_MAX = 4 * ROUNDS;
const ROUND_MS_MAX = 800;
const SLOW_DOT_MS = 400;
const SLOW_SHARE = 1 / 2;
const ANSWER_MS_MAX = 1_500; // callers of a stopped node go on to the next after it
const AROUND_EXPIRY_MS = { from: 3_800, to: 6_200 };
const FROZEN_ROUND = { sendsMax: 250, pauseMs: 100 };

const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const pick = (list) => list[Math.floor(random() * list.length)];

// `count` nodes that serve one installation: [{on, program}].
async function servingNodes(t, count, settings) {
  const first = await installation(t, nodeSettings(settings));
  const nodes = [{ on: first }];
  while (nodes.length < count) nodes.push({ on: await otherNode(t, first) });
  for (const node of nodes) node.program = await serve(t, node.on);
  return nodes;
}

// At a moment when each node is likely to wait for the answer to a dot.
const inDots = (sink, nodes) =>
  eventually("dots came", () => sink.unanswered().length >= 2 * nodes.length);

async function killed(t, node) {
  await node.program.kill("SIGKILL");
  await sleep(random() * ROUND_MS_MAX);
  node.program = await serve(t, node.on);
}

const isListed = async ({ on, program }) =>
  (await rows(on, `SELECT 1 AS n FROM instances WHERE process_id = ${program.child.pid}`)).length;

// Frozen for about as long as its lease lasts, or until another node has taken its work over.
async function frozen(node, { isPastExpiry }) {
  node.program.child.kill("SIGSTOP");
  try {
    const { from, to } = AROUND_EXPIRY_MS;
    if (isPastExpiry) await eventually("it was declared gone", async () => !(await isListed(node)));
    else await sleep(from + random() * (to - from));
  } finally {
    node.program.child.kill("SIGCONT");
  }
}

const lateOf = async ({ on }) =>
  (await metric(on, 'segmentflow_deliveries_total{outcome="late"}')) ?? 0;

const hasUnknown = async ({ on }) =>
  (await rows(on, "SELECT 1 AS n FROM delivery_attempts WHERE outcome = 'Unknown'")).length > 0;

// The kinds of faults take turns, so that each comes up in few rounds; there are more of them when
// none fell behind a dot. The number of each, and of the outcomes that stopped nodes reported too
// late.
async function chaos(t, { load, nodes, sink }) {
  const late = new Map();
  const done = { kills: 0, stops: 0 };
  const isEnough = async (round) =>
    round >= ROUNDS && (round >= ROUNDS_MAX || (await hasUnknown(nodes[0])));
  for (let round = 0; !(await isEnough(round)); ++round) {
    const isKill = round % 2 === 0;
    const stop = load.begin(isKill ? {} : FROZEN_ROUND);
    await inDots(sink, nodes);
    const node = pick(nodes);
    if (isKill) await killed(t, node);
    else await frozen(node, { isPastExpiry: round % 4 === 1 });
    await stop();
    done[isKill ? "kills" : "stops"] += 1;
    late.set(node.program, await lateOf(node));
  }
  return { ...done, late: [...late.values()].reduce((sum, each) => sum + each, 0) };
}

for (const count of [2, 4]) {
  test(`${count} nodes that die and freeze lose nothing, double only the Unknown`, async (t) => {
    const slowMs = () => (random() < SLOW_SHARE ? random() * SLOW_DOT_MS : 0);
    const sink = await dotSink(t, slowMs);
    const nodes = await servingNodes(t, count, { SEGMENTFLOW_SMTP_URL: sink.url });
    const urls = nodes.map(({ on }) => on.url);
    const load = new Load(urls, nodes[0].on.key, "order", {
      mayBreak: true,
      mayRefuse: true,
      timeoutMs: ANSWER_MS_MAX,
    });
    const { kills, stops, late } = await chaos(t, { load, nodes, sink });
    const { on } = nodes[0];
    const what = `seed ${seed}: ${count} nodes, ${kills} kills, ${stops} stops, ${late} late`;
    const sends = await assertSettled(t, { load, on, sink, what });
    assert.ok(load.broken > 0, "no caller was left without an answer");
    assert.ok(unknownOf(sends) > 0, "no Unknown was seen: no fault fell behind a dot");
    const listed = () => rows(on, "SELECT id FROM instances");
    await eventually("the dead are off the list", async () => (await listed()).length === count);
    for (const { program } of nodes) {
      assert.deepEqual(await program.kill(), { code: 0, signal: null }, program.log());
    }
    assert.deepEqual(await listed(), [], "nobody is left on the list");
    assert.equal(await integrity(on), "ok");
  });
}

const WALKS = 20;
const NODES_WALKED = 3;

// Sends each request to another node than the one before: {url, counts}.
async function roundRobin(t, urls) {
  const counts = urls.map(() => 0);
  let turn = 0;
  const proxy = createServer((from, to) => {
    const index = turn++ % urls.length;
    counts[index] += 1;
    const { method, headers } = from;
    const options = { agent: false, method, headers: { ...headers, connection: "close" } };
    const onward = httpRequest(urls[index] + from.url, options, (answer) => {
      to.writeHead(answer.statusCode, { ...answer.headers, connection: "close" });
      answer.pipe(to);
    });
    onward.on("error", () => to.destroy());
    from.pipe(onward);
  });
  const port = await freePort();
  await new Promise((done, fail) => proxy.once("error", fail).listen(port, "127.0.0.1", done));
  t.after(() => {
    proxy.closeAllConnections();
    return new Promise((done) => proxy.close(done));
  });
  return { url: `http://127.0.0.1:${port}`, counts };
}

// Sends, repeats and asks until it is Sent; every step comes to another node. The send's id.
async function walkOverRest(api, subject) {
  const post = (body) => api("POST", "/api/v1/emails", body, { "Idempotency-Key": subject });
  const answer = await post(request(subject));
  assert.equal(answer.status, 200, answer.text);
  const { id } = answer.body;
  const other = await post(request("something else"));
  assert.equal(other.body.errorCode, "IdempotencyConflict", other.text);
  assert.equal((await post(request(subject))).body.id, id);
  await eventually(`${subject} is Sent`, async () => {
    const found = await api("GET", `/api/v1/emails/${id}`);
    assert.equal(found.status, 200, found.text);
    return found.body.status === "Sent";
  });
  return id;
}

async function walkOverMcp(client, subject) {
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    assert.ok(!result.isError, JSON.stringify(result));
    return result.structuredContent;
  };
  const args = { ...request(subject), idempotencyKey: subject };
  const { id } = await call("send_email", args);
  assert.equal((await call("send_email", args)).id, id);
  await eventually(`${subject} is Sent`, async () => {
    return (await call("get_email", { id })).status === "Sent";
  });
  return id;
}

test("REST and MCP clients that come to another node each time notice nothing", async (t) => {
  const sink = await dotSink(t);
  const nodes = await servingNodes(t, NODES_WALKED, { SEGMENTFLOW_SMTP_URL: sink.url });
  const { on } = nodes[0];
  const proxy = await roundRobin(t, nodes.map((node) => node.on.url));
  const settings = { SEGMENTFLOW_BASE_URL: proxy.url, SEGMENTFLOW_DATA_DIR: "" };
  const { client } = await mcpClient(t, on, { settings });
  const { tools } = await client.listTools();
  assert.ok(tools.some(({ name }) => name === "send_email"));
  const api = apiOf(proxy.url, on.key);
  const ids = await Promise.all([
    ...times(WALKS, (index) => walkOverRest(api, `rest-${index}`)),
    ...times(WALKS, (index) => walkOverMcp(client, `mcp-${index}`)),
  ]);
  assert.equal(new Set(ids).size, 2 * WALKS);
  assert.equal(sink.messages.length, 2 * WALKS, "each came once");
  for (const count of proxy.counts) assert.ok(count > WALKS, `requests: ${proxy.counts}`);
  t.diagnostic(`requests of each node: ${proxy.counts.join(", ")}`);
});

const REVOKED_MS_MAX = 2_000; // "within a second", and a machine under load

test("a key revoked on one node is refused on all; a later node works at once", async (t) => {
  const [one, two] = await servingNodes(t, 2, { SEGMENTFLOW_SMTP_URL: "capture:" });
  const key = await newKey(one.on, "to be revoked", ["emails:read"]);
  const statusOn = async ({ on }, of) => (await apiOf(on.url, of)("GET", "/api/v1/status")).status;
  assert.deepEqual([await statusOn(one, key), await statusOn(two, key)], [200, 200]);

  const done = await run(binary, ["keys", "revoke", key.slice(-4)], { env: one.on.env });
  assert.equal(done.code, 0, done.stderr);
  const revokedAt = Date.now();
  for (const node of [two, one]) {
    await eventually("the key is refused", async () => (await statusOn(node, key)) === 401);
  }
  const tookMs = Date.now() - revokedAt;
  t.diagnostic(`refused everywhere after ${tookMs} ms`);
  assert.ok(tookMs < REVOKED_MS_MAX, `it took ${tookMs} ms`);

  const later = { on: await otherNode(t, one.on) };
  later.program = await serve(t, later.on);
  assert.deepEqual([await statusOn(later, key), await statusOn(later, one.on.key)], [401, 200]);
  const answer = await later.on.api("POST", "/api/v1/emails", request("later"), {
    "Idempotency-Key": "later",
  });
  assert.equal(answer.status, 200, answer.text);
});

const STARTERS = 8;
const KILLED_STARTS = 6;
const START_KILL_WITHIN_MS = 150;
const START_MS_MAX = 60_000;

// A place for a node on a database that is still empty.
async function emptyPlace(t) {
  const data = await dataFolder(t);
  const settings = nodeSettings(await databaseSettings(data));
  const port = await freePort();
  const env = { ...settings, SEGMENTFLOW_DATA_DIR: data };
  return { data, env, executable: binary, port, url: `http://127.0.0.1:${port}` };
}

// The schema is complete and what belongs to it is there once.
async function assertMadeOnce(on, { organizations }) {
  const [found] = await rows(
    on,
    `SELECT (SELECT count(*) FROM installation) AS installations,
       (SELECT count(*) FROM organizations) AS organizations,
       (SELECT count(*) FROM schema_migrations WHERE version > 0) AS steps,
       (SELECT max(version) FROM schema_migrations) AS newest`,
  );
  assert.deepEqual([found.installations, found.organizations], [1, organizations]);
  assert.ok(found.steps > 0 && found.steps === found.newest, JSON.stringify(found));
  assert.equal(await integrity(on), "ok");
}

test(`${STARTERS} processes that start at once on an empty database all come up`, async (t) => {
  const first = await emptyPlace(t);
  const places = [first];
  while (places.length < STARTERS) places.push(await otherNode(t, first));
  const servers = places.filter((_, index) => index % 2 === 0);
  const others = places.filter((_, index) => index % 2 === 1);
  const programs = servers.map((on) => start(t, binary, serveArgs(on), { env: on.env }));
  const inits = await Promise.all(
    others.map((on) => run(binary, ["init", "--organization", "Acme"], { env: on.env })),
  );
  for (const done of inits) assert.equal(done.code, 0, done.stderr);
  const isUp = (on, index) => whenServing(programs[index], on);
  await Promise.all(servers.map(isUp));
  await assertMadeOnce(first, { organizations: 1 });
  for (const program of programs) {
    assert.deepEqual(await program.kill(), { code: 0, signal: null }, program.log());
  }
});

test("a process killed while it makes the schema leaves nothing in the way", async (t) => {
  for (let round = 0; round < KILLED_STARTS; ++round) {
    const first = await emptyPlace(t);
    const second = await otherNode(t, first);
    const doomed = start(t, binary, serveArgs(first), { env: first.env });
    const beside = start(t, binary, serveArgs(second), { env: second.env });
    await sleep((random() + round) * (START_KILL_WITHIN_MS / KILLED_STARTS));
    await doomed.kill("SIGKILL");
    const steps = "SELECT count(*) AS n FROM pg_class WHERE relname = 'installation'";
    const [{ n }] = await rows(first, steps);
    t.diagnostic(`kill ${round}: the schema was ${n ? "there" : "not there"}`);
    await whenServing(beside, second);
    const again = start(t, binary, serveArgs(first), { env: first.env });
    await whenServing(again, first);
    await assertMadeOnce(first, { organizations: 0 });
    for (const program of [again, beside]) {
      assert.deepEqual(await program.kill(), { code: 0, signal: null }, program.log());
    }
  }
});
