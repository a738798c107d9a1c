// What an answer promises is on disk before the answer leaves, whatever the disk does.
import assert from "node:assert/strict";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { integrity } from "../e2e/database.mjs";
import {
  apiOf,
  binary,
  dataFolder,
  eventually,
  freePort,
  newKey,
  random,
  run,
  seed,
  start,
} from "../e2e/harness.mjs";
import {
  dotSink,
  drained,
  installation,
  request,
  sameId,
  sendsBySubject,
  serve,
  serveArgs,
  sleep,
  whenServing,
} from "./rig.mjs";
import { TRACE_OPTIONS, judgeCapture, judgeTrace, withoutSyncs } from "./trace.mjs";

const TRACED_SENDS = 50;
const CAPTURED_SENDS = 10;
const FILES_OF_A_CAPTURED_SEND = 2;
const SINGLE_SYNC_MIN = 0.9;
const FAILING_SYNC_MIN = 8; // beyond the syncs of a start
const FAILING_SYNC_SPREAD = 20;
const SENDS_UNTIL_FAILURE_MAX = 100;
const FULL_SENDS_MAX = 400;
const DISK = "16m";
const DELIVERIES_ON_FULL_DISK = 20;
const DOT_MS = 1_500;
const SLOW_DOT_MS = 3_000;

// Nothing else writes while requests are counted.
const QUIET = {
  SEGMENTFLOW_LEASE_HEARTBEAT: "1m",
  SEGMENTFLOW_LEASE_EXPIRY: "5m",
  SEGMENTFLOW_LOG_LEVEL: "warn",
};
const QUICK = { SEGMENTFLOW_RETRY_SCHEDULE: "200ms", SEGMENTFLOW_LOG_LEVEL: "warn" };

const templateFile = fileURLToPath(
  new URL("../../examples/templates/receipt-default.json", import.meta.url),
);

async function command(on, args) {
  const done = await run(on.executable, args, { env: on.env });
  assert.equal(done.code, 0, `segmentflow ${args.join(" ")}: ${done.stderr}`);
}

// An organisation that may send, made by an operator's commands, without any delivery.
async function quietInstallation(t, executable = binary) {
  const data = await dataFolder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { SEGMENTFLOW_DATA_DIR: data, ...QUIET };
  const on = { data, env, executable, port, url };
  await command(on, ["init"]);
  await command(on, ["domains", "add", "example.com"]);
  await command(on, ["senders", "add", "Acme Receipts <receipts@example.com>"]);
  await command(on, ["templates", "import", templateFile, "--sender", "receipts@example.com"]);
  const key = await newKey(on, "tests", ["emails:write", "emails:read"]);
  return { ...on, api: apiOf(url, key), key };
}

const send = (on, subject) =>
  on.api("POST", "/api/v1/emails", request(subject), { "Idempotency-Key": subject });

// What strace sees of a server while `work` is done with it.
async function traced(t, on, work) {
  const file = join(on.data, "trace");
  const args = ["-D", ...TRACE_OPTIONS, "-o", file, on.executable, ...serveArgs(on)];
  const server = start(t, "strace", args, { env: on.env });
  await whenServing(server, on);
  await sleep(1_500); // the first looks at settings and instances are over
  await work();
  await server.kill("SIGKILL");
  return readFile(file, "latin1");
}

// The trace of a server that takes TRACED_SENDS requests, one after the other.
async function tracedSends(t, executable) {
  const on = await quietInstallation(t, executable);
  return traced(t, on, async () => {
    for (let index = 0; index < TRACED_SENDS; ++index) {
      const answer = await send(on, `traced-${index}`);
      assert.equal(answer.status, 200, answer.text);
    }
  });
}

test("no answer precedes its fdatasync, and a lone caller costs one each", async (t) => {
  const trace = await tracedSends(t, binary);
  const verdict = judgeTrace(trace);
  // A log begun anew costs one more, for its head, and now and then a checkpoint syncs it too.
  const single = verdict.syncsPerAnswer.filter((syncs) => syncs === 1).length;
  t.diagnostic(`fsyncs per answer for one caller: ${verdict.syncsPerAnswer.join(" ")}`);
  assert.equal(verdict.answers, TRACED_SENDS);
  assert.equal(verdict.early, 0, "answers left before their fdatasync");
  assert.ok(single >= TRACED_SENDS * SINGLE_SYNC_MIN, `${single} answers cost one fsync`);

  const careless = judgeTrace(withoutSyncs(trace));
  assert.equal(careless.answers, TRACED_SENDS);
  assert.equal(careless.early, TRACED_SENDS, "the judge must see that the syncs are gone");
});

test("the same trace fails when synchronous=FULL is taken away", async (t) => {
  // No setting does this, and none should; so it is cut out of a copy of the program.
  const text = (await readFile(binary)).toString("latin1");
  const pragma = "PRAGMA synchronous=FULL";
  assert.equal(text.split(pragma).length, 2, "the program holds the words once");
  const weakened = join(await dataFolder(t), "segmentflow");
  const normal = "PRAGMA synchronous=1".padEnd(pragma.length); // NORMAL, which keeps no promise
  await writeFile(weakened, Buffer.from(text.replace(pragma, normal), "latin1"));
  await chmod(weakened, 0o755);
  const verdict = judgeTrace(await tracedSends(t, weakened));
  t.diagnostic(`${verdict.early} of ${verdict.answers} answers left early`);
  assert.equal(verdict.answers, TRACED_SENDS);
  assert.equal(verdict.early, TRACED_SENDS);
});

test("no captured email is Sent before its files are on disk", async (t) => {
  const on = await quietInstallation(t);
  on.env.SEGMENTFLOW_SMTP_URL = "capture:";
  const trace = await traced(t, on, async () => {
    for (let index = 0; index < CAPTURED_SENDS; ++index) {
      await send(on, `captured-${index}`);
      await drained(on);
    }
  });
  const files = CAPTURED_SENDS * FILES_OF_A_CAPTURED_SEND;
  assert.deepEqual(judgeCapture(trace), { files, careless: 0 });
  const careless = judgeCapture(withoutSyncs(trace));
  assert.equal(careless.files, files);
  assert.equal(careless.careless, 2 * files, "the judge must see that the syncs are gone");
});

// Sends until the server is gone: {acknowledged: subject → id, unanswered: subject}.
async function sendUntilItStops(on) {
  const acknowledged = new Map();
  for (let index = 0; index < SENDS_UNTIL_FAILURE_MAX; ++index) {
    const subject = `doubtful-${index}`;
    const answer = await send(on, subject).catch(() => undefined);
    if (!answer) return { acknowledged, unanswered: subject };
    assert.equal(answer.status, 200, `an answer after a lost sync: ${answer.text}`);
    acknowledged.set(subject, answer.body.id);
  }
  return { acknowledged };
}

test("a sync that fails stops the process, and its write is not answered", async (t) => {
  const on = await quietInstallation(t);
  const nth = FAILING_SYNC_MIN + Math.floor(random() * FAILING_SYNC_SPREAD);
  const inject = ["-e", "trace=fdatasync,fsync", "-e", `inject=fdatasync:error=EIO:when=${nth}`];
  const trace = join(on.data, "trace");
  const args = ["-D", "-f", "-o", trace, ...inject, on.executable, ...serveArgs(on)];
  const server = start(t, "strace", args, { env: on.env });
  await whenServing(server, on);
  const { acknowledged, unanswered } = await sendUntilItStops(on);
  const end = await server.ended;
  t.diagnostic(`seed ${seed}: fdatasync ${nth} failed after ${acknowledged.size} sends`);
  assert.ok(unanswered, "the disk failed and nobody noticed");
  assert.equal(end.signal, "SIGABRT", `it ended with ${JSON.stringify(end)}`);
  assert.match(server.log(), /did not confirm a write/);
  assert.match(await readFile(trace, "latin1"), /EIO .*\(INJECTED\)/);

  const again = await serve(t, on);
  const retried = await send(on, unanswered);
  assert.equal(retried.status, 200, retried.text);
  acknowledged.set(unanswered, retried.body.id);
  const sends = await sendsBySubject(on);
  assert.equal(sends.size, acknowledged.size);
  for (const [subject, id] of acknowledged) assert.ok(sameId(sends.get(subject).id, id), subject);
  await again.kill();
  assert.equal(await integrity(on), "ok");
});

// A file system of its own for the data folder; undefined where this user may not mount one.
async function smallDisk(t) {
  const folder = await dataFolder(t);
  const options = `size=${DISK},mode=0700`;
  const done = await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  if (done.code !== 0) {
    t.skip(`a small tmpfs cannot be mounted: ${done.stderr.trim()}`);
    return undefined;
  }
  return folder;
}

// Takes all the space that is left and gives what frees it again.
async function fillDisk(folder) {
  const file = join(folder, "ballast");
  const done = await run("dd", ["if=/dev/zero", `of=${file}`, "bs=4k"]);
  assert.match(done.stderr, /No space left/);
  return () => rm(file);
}

// Sends until one is refused: that answer, and what was acknowledged before.
async function sendUntilRefused(on) {
  const acknowledged = [];
  for (let index = 0; index < FULL_SENDS_MAX; ++index) {
    const answer = await send(on, `full-${index}`);
    if (answer.status !== 200) return { acknowledged, refused: answer, subject: `full-${index}` };
    acknowledged.push(`full-${index}`);
  }
  throw new Error(`${FULL_SENDS_MAX} sends were taken on a full disk`);
}

async function fillAndFree(t, folder) {
  const slow = { ms: DOT_MS };
  const sink = await dotSink(t, () => slow.ms);
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url }, folder);
  const server = await serve(t, on);
  const early = Array.from({ length: DELIVERIES_ON_FULL_DISK }, (_, index) => `early-${index}`);
  for (const subject of early) assert.equal((await send(on, subject)).status, 200);
  await eventually("all dots came", () => sink.messages.length === early.length);
  const free = await fillDisk(folder);
  const { acknowledged, refused, subject } = await sendUntilRefused(on);
  assert.deepEqual([refused.status, refused.body.errorCode], [503, "NotReady"], refused.text);
  assert.ok(Number(refused.headers.get("retry-after")) > 0, "503 without Retry-After");
  // The sink answers now, and what it says cannot be recorded.
  await eventually("the sink has answered", () => sink.unanswered().length === 0);
  await sleep(DOT_MS);
  slow.ms = 0;
  await free();

  await eventually("it takes sends again", async () => (await send(on, subject)).status === 200);
  await drained(on);
  const sends = await sendsBySubject(on);
  t.diagnostic(`${acknowledged.length} sends were taken before the full disk refused one`);
  for (const each of [...early, ...acknowledged, subject]) {
    assert.equal(sends.get(each)?.status, "Sent", `${each}: ${JSON.stringify(sends.get(each))}`);
    assert.equal(sink.copies(each).length, 1, `copies of ${each}`);
  }
  await server.kill();
  assert.equal(await integrity(on), "ok");
}

test("a full disk refuses with 503, and nothing is lost when there is room again", async (t) => {
  const folder = await smallDisk(t);
  if (!folder) return;
  try {
    await fillAndFree(t, folder);
  } finally {
    await run("umount", ["-l", folder]);
  }
});

test("SIGTERM waits for the answer to a dot, records it and ends with 0", async (t) => {
  const sink = await dotSink(t, () => SLOW_DOT_MS);
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url });
  const server = await serve(t, on);
  assert.equal((await send(on, "last one")).status, 200);
  await eventually("the dot came", () => sink.messages.length === 1);
  assert.equal(sink.unanswered().length, 1, "the dialogue is past DATA");
  assert.deepEqual(await server.kill("SIGTERM"), { code: 0, signal: null });
  const sent = (await sendsBySubject(on)).get("last one");
  assert.deepEqual([sent.status, sent.accepted, sent.unknown], ["Sent", 1, 0]);
  assert.equal(sink.messages.length, 1);
  assert.equal(await integrity(on), "ok");
});
