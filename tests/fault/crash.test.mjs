// kill -9 under load: what was acknowledged arrives, and what came twice is known to be doubtful.
import assert from "node:assert/strict";
import { test } from "node:test";

import { integrity } from "../e2e/database.mjs";
import { eventually, random, seed } from "../e2e/harness.mjs";
import { assertDelivered, assertOnlyKnown, Load, unknownOf } from "./load.mjs";
import {
  atMostOnceKey,
  dotSink,
  drained,
  installation,
  sendsBySubject,
  serve,
  sleep,
} from "./rig.mjs";

const KILLS = 32;
const KILLS_AT_MOST_ONCE = 8;
const ROUND_MS_MAX = 400;
const SLOW_DOT_MS = 250;
const KILLS_IN_DOT_MIN = 1 / 3;

const QUICK = {
  SEGMENTFLOW_RETRY_SCHEDULE: "200ms",
  SEGMENTFLOW_LEASE_HEARTBEAT: "500ms",
  SEGMENTFLOW_LEASE_EXPIRY: "5s",
  SEGMENTFLOW_LOG_LEVEL: "warn",
};

// Kills `serve` again and again while `load` runs. The number of kills that fell between a final
// dot and its answer.
async function killAgainAndAgain(t, { on, load, sink, kills, slow }) {
  let inDot = 0;
  for (let round = 0; round < kills; ++round) {
    // In every other round the sink takes its time, and the kill falls into it.
    slow.ms = round % 2 === 0 ? SLOW_DOT_MS : 0;
    const server = await serve(t, on);
    const again = load.askAgain();
    const stop = load.begin();
    if (slow.ms > 0) {
      await eventually("a dot came", () => sink.unanswered().length > 0);
      await sleep(random() * SLOW_DOT_MS);
    } else {
      await sleep(random() * ROUND_MS_MAX);
    }
    if (sink.unanswered().length > 0) inDot += 1;
    await server.kill("SIGKILL");
    await Promise.all([stop(), again]);
    // Answers to the dead come too late; they must not count as open in the next round.
    for (const message of sink.messages) message.isAnswered = true;
  }
  slow.ms = 0;
  return inDot;
}

async function killedInstallation(t, { kills, atMostOnce }) {
  const slow = { ms: 0 };
  const sink = await dotSink(t, () => slow.ms);
  const on = await installation(t, { ...QUICK, SEGMENTFLOW_SMTP_URL: sink.url });
  const key = atMostOnce ? await atMostOnceKey(on) : on.key;
  const load = new Load([on.url], key, atMostOnce ? "once" : "order", { mayBreak: true });
  const inDot = await killAgainAndAgain(t, { on, load, sink, kills, slow });
  const server = await serve(t, on);
  await load.askAgain();
  await drained(on);
  const sends = await sendsBySubject(on);
  const unknown = unknownOf(sends);
  t.diagnostic(
    `seed ${seed}: ${kills} kills, ${inDot} between dot and answer; ` +
      `${load.acknowledged.size} acknowledged, ${load.askedAgain} asked again; ` +
      `${sink.messages.length} copies, ${unknown} attempts Unknown`,
  );
  assert.equal(load.unanswered.size, 0, "everybody has an answer in the end");
  return { inDot, load, on, sends, server, sink, unknown };
}

test(`${KILLS} kills under load lose nothing and double only what is Unknown`, async (t) => {
  const found = await killedInstallation(t, { kills: KILLS, atMostOnce: false });
  const { inDot, load, on, server, unknown } = found;
  assert.ok(inDot >= KILLS * KILLS_IN_DOT_MIN, `only ${inDot} kills fell behind a dot`);
  assert.ok(unknown > 0, "no Unknown was seen: the test did not test what it is for");
  assert.ok(load.askedAgain > 0, "no caller was left without an answer");
  assertDelivered(found);
  const [[subject, id]] = load.acknowledged;
  const { body } = await on.api("GET", `/api/v1/emails/${id}`);
  assert.deepEqual([body.status, body.subject], ["Sent", subject]);
  await server.kill();
  assert.equal(await integrity(on), "ok");
});

test("a key that sends at most once never doubles, whatever dies", async (t) => {
  const found = await killedInstallation(t, { kills: KILLS_AT_MOST_ONCE, atMostOnce: true });
  const { on, sends, server, sink, unknown } = found;
  assert.ok(unknown > 0, "no Unknown was seen: the test did not test what it is for");
  assertOnlyKnown(found);
  for (const [subject, send] of sends) {
    const copies = sink.copies(subject);
    if (send.unknown > 0) {
      assert.equal(send.unknown, 1, `${subject} was tried again after an unknown outcome`);
      assert.deepEqual([send.status, send.failure_reason], ["Failed", "OutcomeUnknown"]);
      assert.ok(copies.length <= 1, `${copies.length} copies of ${subject}`);
    } else {
      assert.equal(send.status, "Sent", JSON.stringify(send));
      assert.equal(copies.length, 1, `${copies.length} copies of ${subject}`);
    }
  }
  await server.kill();
  assert.equal(await integrity(on), "ok");
});
