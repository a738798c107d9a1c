// PostgreSQL restarts, loses its sessions, is full, fails over, or is a copy. Callers wait or are
// told to come back, the service returns by itself, and nothing is lost or doubled for it.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { databaseUrl, integrity, makeDatabase, ownServer, psql, rows } from "../e2e/database.mjs";
import { binary, dataFolder, eventually, random, run, seed, start } from "../e2e/harness.mjs";
import { assertSettled, Load } from "./load.mjs";
import {
  dotSink,
  drained,
  installation,
  metric,
  nodeSettings,
  otherNode,
  request,
  sendsBySubject,
  serve,
  sleep,
} from "./rig.mjs";

const RESTARTS = process.env.SEGMENTFLOW_TEST_FULL === "1" ? 12 : 4;
const FAILOVERS = process.env.SEGMENTFLOW_TEST_FULL === "1" ? 4 : 1;
const AWAY_MS_MAX = 3_500; // callers are kept waiting for 2 s of it
const BACK_MS_MAX = 10_000; // from the database's return to the service's
const ANSWER_MS_MAX = 20_000; // nobody waits longer for an answer of any kind
const SLOW_DOT_MS = 300;
const ROUND = { sendsMax: 400 };

const pickMs = (most) => sleep(random() * most);
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

const DATABASE = "engine";

// Makes the tests' database on a server of its own, for a role; its URL.
async function databaseOn(server, { role } = {}) {
  const owner = role ? `OWNER ${role}` : "";
  if (role) await psql(server.url, `CREATE ROLE ${role} LOGIN`);
  await psql(server.url, `CREATE DATABASE ${DATABASE} ${owner}`);
  const url = databaseUrl(DATABASE, server.url);
  return role ? url.replace(/user=[^&]*/, `user=${role}`) : url;
}

// `count` nodes that serve and deliver on this database, and callers for them.
async function serving(t, url, { count = 1 } = {}) {
  const sink = await dotSink(t, () => random() * SLOW_DOT_MS);
  const settings = { SEGMENTFLOW_DATABASE_URL: url, SEGMENTFLOW_SMTP_URL: sink.url };
  const on = await installation(t, nodeSettings(settings));
  const nodes = [on];
  while (nodes.length < count) nodes.push(await otherNode(t, on));
  const programs = [];
  for (const node of nodes) programs.push(await serve(t, node));
  const urls = nodes.map((node) => node.url);
  const load = new Load(urls, on.key, "order", { mayRefuse: true, timeoutMs: ANSWER_MS_MAX });
  return { load, nodes, on, programs, sink };
}

const post = (on, subject) =>
  on.api("POST", "/api/v1/emails", request(subject), { "Idempotency-Key": subject });

// Until a node takes sends again; in milliseconds.
async function untilBack(load, nodes) {
  const from = Date.now();
  for (const [index, node] of nodes.entries()) {
    const subject = `back-${load.count}-${index}`;
    const answer = await eventually("the service is back", async () => {
      const found = await post(node, subject);
      assert.ok([200, 503].includes(found.status), found.text);
      return found.status === 200 && found;
    });
    load.acknowledged.set(subject, answer.body.id);
  }
  const tookMs = Date.now() - from;
  assert.ok(tookMs < BACK_MS_MAX, `the service came back after ${tookMs} ms`);
  return tookMs;
}

async function assertEndsWell(programs) {
  for (const program of programs) {
    assert.deepEqual(await program.kill(), { code: 0, signal: null }, program.log());
  }
}

test("a database that restarts under load costs callers a wait or a 503", async (t) => {
  const server = await ownServer(t);
  const { load, nodes, on, programs, sink } = await serving(t, await databaseOn(server));
  const backMs = [];
  for (let round = 0; round < RESTARTS; ++round) {
    const stop = load.begin(ROUND);
    await eventually("dots came", () => sink.unanswered().length > 1);
    await server.tell(round % 2 === 0 ? "stop fast" : "stop immediate");
    await (round < 2 ? sleep(AWAY_MS_MAX) : pickMs(AWAY_MS_MAX));
    await server.tell("start");
    backMs.push(await untilBack(load, nodes));
    await stop();
  }
  const what = `seed ${seed}: ${RESTARTS} restarts, back after ${backMs.join(", ")} ms`;
  await assertSettled(t, { load, on, sink, what });
  assert.ok(load.refused > 0, "nobody was refused: the database was not away");
  await assertEndsWell(programs);
  assert.equal(await integrity(on), "ok");
});

const STORM_MS = 4_000;
const STRIKE_EVERY_MS = 100;
const STRIKE =
  "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity " +
  "WHERE datname = current_database() AND pid <> pg_backend_pid()";

test("a storm that ends every session leaves no job behind", async (t) => {
  const server = await ownServer(t);
  const { load, nodes, on, programs, sink } = await serving(t, await databaseOn(server), {
    count: 2,
  });
  const stop = load.begin({ sendsMax: 3_000 });
  await eventually("dots came", () => sink.unanswered().length > 1);
  let ended = 0;
  for (let strike = 0; strike * STRIKE_EVERY_MS < STORM_MS; ++strike) {
    ended += Number(await psql(on.env.SEGMENTFLOW_DATABASE_URL, STRIKE));
    await sleep(STRIKE_EVERY_MS);
  }
  const backMs = await untilBack(load, nodes);
  await stop();
  const what = `seed ${seed}: ${ended} sessions ended, back after ${backMs} ms`;
  await assertSettled(t, { load, on, sink, what });
  assert.ok(ended > STORM_MS / STRIKE_EVERY_MS, "the storm found sessions to end");
  await assertEndsWell(programs);
  assert.equal(await integrity(on), "ok");
});

const SESSIONS_MAX = 24;
const KEPT_FOR_SUPERUSERS = 3; // PostgreSQL's default
const ROLE = "app"; // no superuser: those may use the last places

// Takes every place of the server but those that are kept for superusers. give() gives them back.
async function takeAllPlaces(t, server) {
  // While the role may not come in its places can be taken.
  await psql(server.url, `ALTER ROLE ${ROLE} CONNECTION LIMIT 0`);
  await psql(server.url, STRIKE.replace("current_database()", `'${DATABASE}'`));
  const sleepers = times(SESSIONS_MAX - KEPT_FOR_SUPERUSERS, () =>
    start(t, "psql", ["-XAtq", "-c", "SELECT pg_sleep(600)", server.url]),
  );
  const asleep = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  await eventually("the places are taken", async () => {
    const count = await psql(server.url, `SELECT count(*) ${asleep}`);
    return Number(count) === sleepers.length;
  });
  await psql(server.url, `ALTER ROLE ${ROLE} CONNECTION LIMIT -1`);
  return async () => {
    await psql(server.url, `SELECT pg_terminate_backend(pid) ${asleep}`);
    await Promise.all(sleepers.map((each) => each.ended));
  };
}

test("a server without a free place refuses nobody for good", async (t) => {
  const server = await ownServer(t, [`max_connections=${SESSIONS_MAX}`]);
  const { load, nodes, on, programs, sink } = await serving(
    t,
    await databaseOn(server, { role: ROLE }),
  );
  const stop = load.begin(ROUND);
  await eventually("dots came", () => sink.unanswered().length > 1);
  const give = await takeAllPlaces(t, server);
  await stop();
  const before = load.acknowledged.size;
  await Promise.all([load.send("full"), load.look()]);
  assert.ok(load.unanswered.has("full"), "a caller was refused");
  assert.equal(load.acknowledged.size, before, "nobody was told a lie");
  assert.equal((await fetch(`${on.url}/readyz`)).status, 503);
  assert.equal((await fetch(`${on.url}/healthz`)).status, 200);
  await give();
  const backMs = await untilBack(load, nodes);
  await assertSettled(t, { load, on, sink, what: `seed ${seed}: back after ${backMs} ms` });
  await assertEndsWell(programs);
});

// A URL that names both servers, in libpq's form.
function urlOfBoth(one, two) {
  const hosts = `host=${one.folder},${two.folder}&port=${one.port},${two.port}`;
  return `postgresql:///${DATABASE}?${hosts}&user=segmentflow&target_session_attrs=read-write`;
}

const TAKEN_OVER = "another server has taken the database over; the queue goes on";
const HELD = "this database is a restored copy: ";

for (let round = 0; round < FAILOVERS; ++round) {
  test(`a standby promoted under load has everything and goes on (${round})`, async (t) => {
    const primary = await ownServer(t);
    await databaseOn(primary);
    const standby = await primary.tell("standby");
    const url = urlOfBoth(primary, standby);
    const { load, nodes, on, programs, sink } = await serving(t, url, { count: 2 });
    const stop = load.begin(ROUND);
    await eventually("dots came", () => sink.unanswered().length > 1);
    await pickMs(500);
    await primary.tell("stop immediate");
    await pickMs(AWAY_MS_MAX);
    await primary.tell("promote");
    const backMs = await untilBack(load, nodes);
    await stop();
    await load.send("afterwards");
    await assertSettled(t, { load, on, sink, what: `seed ${seed}: back after ${backMs} ms` });
    const logs = programs.map((program) => program.log()).join("");
    assert.ok(logs.includes(TAKEN_OVER), logs);
    assert.ok(!logs.includes(HELD), logs);
    await assertEndsWell(programs);
    assert.equal(await integrity(on), "ok");
  });
}

const OLD = times(5, (index) => `old-${index}`);
const heldCount = async (on) =>
  (await rows(on, "SELECT count(*) AS n FROM jobs WHERE due_at = 9223372036854775807"))[0].n;

// Accepts sends that nothing delivers.
async function queued(t, on) {
  const url = on.env.SEGMENTFLOW_DATABASE_URL;
  await psql(url, "UPDATE installation SET delivery_sealed = NULL");
  const program = await serve(t, on);
  for (const subject of OLD) assert.equal((await post(on, subject)).status, 200);
  return program;
}

// What was queued before the copy stays, what comes to it is delivered.
async function assertHeld(on, program, sink) {
  await eventually("the old ones are held", async () => (await heldCount(on)) === OLD.length);
  for (const old of OLD) assert.equal((await post(on, `new-${old}`)).status, 200);
  await eventually("only what is held is left", async () => {
    return (await metric(on, "segmentflow_jobs")) === OLD.length;
  });
  assert.ok(program.log().includes(`${HELD}${OLD.length} queued emails are on hold`),
    program.log());
  for (const [subject, send] of await sendsBySubject(on)) {
    const isNew = subject.startsWith("new-");
    assert.equal(send.status === "Sent", isNew, JSON.stringify(send));
    assert.equal(sink.copies(subject).length, isNew ? 1 : 0, `copies of ${subject}`);
  }
}

// Dumps the installation's database, and restores it as another of the same server.
async function restored(t, on, sink) {
  const dump = join(await dataFolder(t), "dump");
  const copy = await makeDatabase(`copy_${seed.slice(0, 8)}_${process.hrtime.bigint()}`);
  for (const [program, ...args] of [
    ["pg_dump", "-Fc", "-f", dump, on.env.SEGMENTFLOW_DATABASE_URL],
    ["pg_restore", "--exit-on-error", "-d", copy, dump],
  ]) {
    const done = await run(program, args);
    assert.equal(done.code, 0, done.stderr);
  }
  const node = await otherNode(t, on);
  const settings = { SEGMENTFLOW_DATABASE_URL: copy, SEGMENTFLOW_SMTP_URL: sink.url };
  return { ...node, env: { ...node.env, ...settings } };
}

for (const isLive of [false, true]) {
  const original = isLive ? "a live original" : "an original that had ended";
  test(`a copy restored from ${original} holds its queue and delivers what is new`, async (t) => {
    const sink = await dotSink(t);
    const on = await installation(t, nodeSettings());
    const program = await queued(t, on);
    if (!isLive) await assertEndsWell([program]);
    const copy = await restored(t, on, sink);
    const copied = await serve(t, copy);
    await assertHeld(copy, copied, sink);
    await assertEndsWell([copied]);
    // It is no copy any more: a second start holds nothing else, and an operator lets all go.
    const again = await serve(t, copy);
    assert.equal((await post(copy, "again")).status, 200);
    await eventually("it arrived", () => sink.copies("again").length === 1);
    assert.equal(await heldCount(copy), OLD.length);
    assert.ok(!again.log().includes(HELD), again.log());
    const resumed = await run(binary, ["resume"], { env: copy.env });
    assert.equal(resumed.code, 0, resumed.stderr);
    await drained(copy);
    for (const subject of OLD) assert.equal(sink.copies(subject).length, 1, subject);
    await assertEndsWell([again]);
  });
}

test("a copy delivers what is new while the original's processes are on its list", async (t) => {
  const sink = await dotSink(t);
  const on = await installation(t, nodeSettings());
  await queued(t, on);
  const copy = await restored(t, on, sink);
  await serve(t, copy);
  assert.equal((await post(copy, "at once")).status, 200);
  await eventually("it arrived", () => sink.copies("at once").length === 1);
  assert.equal(await heldCount(copy), OLD.length);
});

const UNTIL_DETACHED_MS = 4_000;
const IN_FLIGHT = 4;
const MISSED = times(3 * IN_FLIGHT, (index) => `missed-${index}`);

test("a standby that missed deliveries is a copy: it does not repeat them", async (t) => {
  const primary = await ownServer(t);
  await databaseOn(primary);
  const standby = await primary.tell("standby");
  const sink = await dotSink(t, (count) => (count < IN_FLIGHT ? UNTIL_DETACHED_MS : 0));
  const settings = {
    SEGMENTFLOW_DATABASE_URL: urlOfBoth(primary, standby),
    SEGMENTFLOW_DELIVERIES_IN_FLIGHT_MAX: `${IN_FLIGHT}`, // the others wait behind them
    SEGMENTFLOW_SMTP_URL: sink.url,
  };
  const on = await installation(t, nodeSettings(settings));
  const program = await serve(t, on);
  for (const subject of MISSED) assert.equal((await post(on, subject)).status, 200);
  await primary.tell("detach");
  assert.equal(sink.unanswered().length, IN_FLIGHT, "the standby saw no delivery");
  await drained(on);
  assert.equal(sink.messages.length, MISSED.length, "the primary's queue was delivered");

  await primary.tell("stop immediate");
  await primary.tell("promote");
  await eventually("the queue is held", async () => (await heldCount(on)) === MISSED.length);
  assert.equal((await post(on, "new")).status, 200);
  await eventually("what is new arrived", () => sink.copies("new").length === 1);
  const arrived = sink.messages.map(({ subject }) => subject);
  assert.deepEqual(arrived.sort(), ["new", ...MISSED].sort(), "each came once");
  assert.ok(program.log().includes(HELD), program.log());
  await assertEndsWell([program]);
});

test("a start that cannot read the database makes no secret of its own", async (t) => {
  const on = await installation(t, { SEGMENTFLOW_DATABASE_STATEMENT_TIMEOUT: "500ms" });
  const data = await dataFolder(t);
  const url = on.env.SEGMENTFLOW_DATABASE_URL;
  const lock = "BEGIN; LOCK TABLE installation; SELECT pg_sleep(600)";
  start(t, "psql", ["-XAtq", "-c", lock, url]);
  const locks = "SELECT count(*) FROM pg_locks WHERE relation = 'installation'::regclass";
  await eventually("the table is locked", async () => Number(await psql(url, locks)) > 0);
  const done = await run(binary, ["init"], { env: { ...on.env, SEGMENTFLOW_DATA_DIR: data } });
  assert.equal(done.code, 1, done.stdout);
  assert.deepEqual(await readdir(data), [], done.stderr);
});
