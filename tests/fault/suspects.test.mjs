// A crash condemns nobody but the email that causes it, and delays it alone: faults are planted
// into the real program, and it is started again whenever it died.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { rows } from "../e2e/database.mjs";
import { dataFolder, eventually, freePort, random, run, seed, start } from "../e2e/harness.mjs";
import {
  dotSink, drained, installation, request, sendsBySubject, serve, serveArgs, sleep,
} from "./rig.mjs";

const OTHERS = 20;
const LONE_CRASHES_MAX = 3; // SuspectPolicy
const LIVES_MAX = 12;
const KILLS = 20;
const KILL_MS_MAX = 500;

const QUICK = {
  SEGMENTFLOW_RETRY_SCHEDULE: "200ms",
  SEGMENTFLOW_LEASE_HEARTBEAT: "200ms",
  SEGMENTFLOW_LEASE_EXPIRY: "1s",
  SEGMENTFLOW_LOG_LEVEL: "warn",
};

const body = (content) => ({
  root: "html",
  elements: {
    html: { type: "Html", props: {}, children: ["body"] },
    body: { type: "Body", props: {}, children: ["text"] },
    text: { type: "Markdown", props: { content } },
  },
});

async function plantedFaults(t) {
  const library = join(await dataFolder(t), "planted.so");
  const source = join(dirname(fileURLToPath(import.meta.url)), "planted.c");
  const args = ["-shared", "-fPIC", "-O1", "-o", library, source];
  const built = await run("clang-19", args);
  assert.equal(built.code, 0, built.stderr);
  return library;
}

async function accept(on, emails) {
  const items = emails.map((each) => ({ ...each, idempotencyKey: each.subject }));
  const { body, text } = await on.api("POST", "/api/v1/emails/batch", { items });
  assert.ok(body.items.every((item) => item.status === "Accepted"), text);
}

// Accepts others and the marked one while nothing can leave, so that they are all due together.
async function waiting(t, marked) {
  const sink = await dotSink(t);
  const shut = { ...QUICK, SEGMENTFLOW_SMTP_URL: `smtp://127.0.0.1:${await freePort()}` };
  const on = await installation(t, shut);
  const server = await serve(t, on);
  const definition = { subject: "s", from: "receipts@example.com", body: body("*crash-render*") };
  const made = await on.api("POST", "/api/v1/templates",
    { key: "crash", name: "crash", purpose: "Transactional", definition });
  assert.equal(made.status, 200, made.text);
  const subjects = Array.from({ length: OTHERS }, (_, i) => `other-${i}`);
  const emails = subjects.map(request);
  emails.splice(OTHERS / 2, 0, marked);
  await accept(on, emails);
  await server.kill();
  on.env.SEGMENTFLOW_SMTP_URL = sink.url;
  return { on, sink, subjects };
}

// Starts the program with the faults until `isOver()`; gives how often it died and its log.
async function livesUntil(t, on, library, isOver) {
  let log = "";
  for (let deaths = 0; deaths <= LIVES_MAX; ++deaths) {
    const env = { ...on.env, LD_PRELOAD: library };
    const program = start(t, on.executable, serveArgs(on), { env });
    await eventually("it died, or all is said", async () => !program.isRunning || isOver());
    if (program.isRunning) {
      await program.kill();
      return { deaths, log: log + program.log() };
    }
    log += program.log();
    if (await isOver()) return { deaths: deaths + 1, log };
  }
  throw new Error(`it died more than ${LIVES_MAX} times:\n${log}`);
}

const statuses = async (on) => {
  const list = await sendsBySubject(on);
  return new Map([...list].map(([subject, send]) =>
    [subject, [send.status, send.failure_reason].filter(Boolean).join(" ")]));
};
const othersAre = (found, subjects, status) => subjects.every((each) => found.get(each) === status);

for (const [place, marked] of [
  ["rendered", { ...request("marked"), templateKey: "crash" }],
  ["composed", request("crash-compose ü")],
]) {
  test(`an email that ends the server when it is ${place} fails after three deaths alone`,
    async (t) => {
      const library = await plantedFaults(t);
      const { on, sink, subjects } = await waiting(t, marked);
      const { deaths, log } = await livesUntil(t, on, library, async () => {
        const found = await statuses(on);
        return [...found.values()].every((status) => /^(Sent|Failed)/.test(status));
      });
      const found = await statuses(on);
      assert.equal(found.get(marked.subject), "Failed RenderCrashed");
      assert.ok(othersAre(found, subjects, "Sent"), JSON.stringify([...found]));
      assert.equal(deaths, 1 + LONE_CRASHES_MAX);
      const [{ id }] = await rows(on,
        "SELECT id FROM email_sends WHERE failure_reason = 'RenderCrashed'");
      const hex = id.replaceAll("-", "");
      const errors = log.split("\n").filter((line) => line.includes('"level":"error"'));
      assert.equal(errors.length, 1, log);
      assert.ok(errors[0].replaceAll("-", "").includes(hex), errors[0]);
      for (const subject of subjects) assert.equal(sink.copies(subject).length, 1, subject);
    });
}

test("an email that ends the server on its way to the relay delays nobody, and is not condemned",
  async (t) => {
    const library = await plantedFaults(t);
    const marked = { ...request("marked"), to: { email: "crash-rcpt@example.com" } };
    const { on, subjects } = await waiting(t, marked);
    await livesUntil(t, on, library, async () =>
      othersAre(await statuses(on), subjects, "Sent"));
    const crashes = async () =>
      Number((await rows(on, "SELECT max(crashes) AS n FROM jobs"))[0].n);
    await livesUntil(t, on, library, async () => (await crashes()) > LONE_CRASHES_MAX);
    assert.equal((await statuses(on)).get("marked"), "Processing");
    const server = await serve(t, on); // without the fault
    await drained(on);
    assert.equal((await statuses(on)).get("marked"), "Sent");
    await server.kill();
  });

test("past the dot it is an unknown outcome as ever", async (t) => {
  const library = await plantedFaults(t);
  const { on, sink, subjects } = await waiting(t, request("crash-dot"));
  await livesUntil(t, on, library, async () =>
    (await sendsBySubject(on)).get("crash-dot").unknown > 0);
  const server = await serve(t, on);
  await drained(on);
  const found = await sendsBySubject(on);
  assert.equal(found.get("crash-dot").status, "Sent");
  // Whether the dot that the process died of has reached the relay is what nobody knows.
  assert.ok(sink.copies("crash-dot").length >= 1);
  for (const subject of subjects) assert.equal(found.get(subject).status, "Sent", subject);
  await server.kill();
});

test(`${KILLS} kills at any moment, and every email is sent`, async (t) => {
  const sink = await dotSink(t, () => random() * 50);
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url });
  let most = 0;
  for (let round = 0; round < KILLS; ++round) {
    const server = await serve(t, on);
    const emails = Array.from({ length: 25 }, (_, i) => request(`r${round}-${i}`));
    await accept(on, emails);
    await sleep(random() * KILL_MS_MAX);
    await server.kill("SIGKILL");
    const [{ n }] = await rows(on, "SELECT count(*) AS n FROM jobs WHERE crashes > 0");
    most = Math.max(most, Number(n));
  }
  const server = await serve(t, on);
  await drained(on);
  const found = await statuses(on);
  t.diagnostic(`seed ${seed}: ${found.size} emails, at most ${most} suspects`);
  assert.ok(most > 0, "there was no suspect: the test did not test what it is for");
  for (const [subject, status] of found) assert.equal(status, "Sent", subject);
  await server.kill();
});
