// kill -9 under load: what was acknowledged arrives, and what came twice is known to be doubtful.
import assert from "node:assert/strict";
import { test } from "node:test";

import { integrity } from "../e2e/database.mjs";
import { apiOf, eventually, random, seed } from "../e2e/harness.mjs";
import {
  atMostOnceKey,
  dotSink,
  drained,
  installation,
  request,
  sameId,
  sendsBySubject,
  serve,
  sleep,
} from "./rig.mjs";

const KILLS = 32;
const KILLS_AT_MOST_ONCE = 8;
const CALLERS = 16;
const SENDS_PER_ROUND_MAX = 120;
const CALLER_PAUSE_MS = 25;
const ROUND_MS_MAX = 400;
const SLOW_DOT_MS = 250;
const KILLS_IN_DOT_MIN = 1 / 3;

const QUICK = {
  SEGMENTFLOW_RETRY_SCHEDULE: "200ms",
  SEGMENTFLOW_LEASE_HEARTBEAT: "500ms",
  SEGMENTFLOW_LEASE_EXPIRY: "5s",
  SEGMENTFLOW_LOG_LEVEL: "warn",
};

// Callers that go on until told to stop. acknowledged: subject → id of every send that was
// answered; unanswered: subjects whose caller does not know, to be asked again.
class Load {
  constructor(on, key, name) {
    this.api = apiOf(on.url, key);
    this.name = name;
    this.acknowledged = new Map();
    this.unanswered = new Set();
    this.count = 0;
    this.askedAgain = 0;
  }

  async send(subject) {
    let answer;
    try {
      answer = await this.api("POST", "/api/v1/emails", request(subject), {
        "Idempotency-Key": subject,
      });
    } catch {
      this.unanswered.add(subject); // the connection broke: done or not, nobody told
      return;
    }
    assert.equal(answer.status, 200, answer.text);
    const before = this.acknowledged.get(subject);
    assert.ok(before === undefined || before === answer.body.id, `${subject} got a second id`);
    this.acknowledged.set(subject, answer.body.id);
    this.unanswered.delete(subject);
  }

  async askAgain() {
    const subjects = [...this.unanswered];
    this.askedAgain += subjects.length;
    await Promise.all(subjects.map((subject) => this.send(subject)));
  }

  // Runs the callers; stop() ends them.
  begin() {
    let isOn = true;
    const last = this.count + SENDS_PER_ROUND_MAX;
    const callers = Array.from({ length: CALLERS }, async () => {
      while (isOn && this.count < last) {
        this.count += 1;
        await this.send(`${this.name}-${this.count}`);
        await sleep(CALLER_PAUSE_MS);
      }
    });
    return async () => {
      isOn = false;
      await Promise.all(callers);
    };
  }
}

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
  const load = new Load(on, key, atMostOnce ? "once" : "order");
  const inDot = await killAgainAndAgain(t, { on, load, sink, kills, slow });
  const server = await serve(t, on);
  await load.askAgain();
  await drained(on);
  const sends = await sendsBySubject(on);
  const unknown = [...sends.values()].reduce((sum, send) => sum + send.unknown, 0);
  t.diagnostic(
    `seed ${seed}: ${kills} kills, ${inDot} between dot and answer; ` +
      `${load.acknowledged.size} acknowledged, ${load.askedAgain} asked again; ` +
      `${sink.messages.length} copies, ${unknown} attempts Unknown`,
  );
  assert.equal(load.unanswered.size, 0, "everybody has an answer in the end");
  return { inDot, load, on, sends, server, sink, unknown };
}

function assertSameBytes(copies, subject) {
  for (const copy of copies) assert.equal(copy.raw, copies[0].raw, `a copy of ${subject} differs`);
}

// What arrived without a send, and what was acknowledged without a record.
function assertOnlyKnown({ load, sends, sink }) {
  for (const { subject, messageId } of sink.messages) {
    const send = sends.get(subject);
    assert.ok(send, `${subject} arrived and is not on record`);
    const isNamed = [send.id, send.message_id].some((id) => sameId(id, messageId));
    assert.ok(isNamed, `${subject} arrived as ${messageId}: ${JSON.stringify(send)}`);
  }
  for (const [subject, id] of load.acknowledged) {
    const send = sends.get(subject);
    assert.ok(send, `${subject} was acknowledged and is not on record`);
    assert.ok(sameId(send.id, id), `${subject} is on record under another id`);
  }
  assert.equal(sends.size, load.acknowledged.size, "each caller's request is one send");
}

test(`${KILLS} kills under load lose nothing and double only what is Unknown`, async (t) => {
  const found = await killedInstallation(t, { kills: KILLS, atMostOnce: false });
  const { inDot, load, on, sends, server, sink, unknown } = found;
  assert.ok(inDot >= KILLS * KILLS_IN_DOT_MIN, `only ${inDot} kills fell behind a dot`);
  assert.ok(unknown > 0, "no Unknown was seen: the test did not test what it is for");
  assert.ok(load.askedAgain > 0, "no caller was left without an answer");
  assertOnlyKnown(found);
  for (const [subject, send] of sends) {
    const copies = sink.copies(subject);
    assert.equal(send.status, "Sent", `${subject}: ${JSON.stringify(send)}`);
    assert.ok(copies.length >= 1, `${subject} is Sent and did not arrive`);
    const most = 1 + send.unknown;
    assert.ok(copies.length <= most, `${copies.length} copies of ${subject}, at most ${most}`);
    assert.equal(send.accepted, 1, `${subject} was accepted ${send.accepted} times`);
    assertSameBytes(copies, subject);
  }
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
