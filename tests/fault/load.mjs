// Callers under faults, and what must be true of their sends in the end.
import assert from "node:assert/strict";

import { apiOf, eventually, random } from "../e2e/harness.mjs";
import { drained, request, sameId, sendsBySubject, sleep } from "./rig.mjs";
import { rows } from "../e2e/database.mjs";

const CALLERS = 16;
const SENDS_PER_ROUND_MAX = 120;
const CALLER_PAUSE_MS = 25;
const LOOK_SHARE = 1 / 4;
const ASK_AGAIN_MS_MAX = 30_000;

// Callers that go on until told to stop, in turn at each of `urls`. acknowledged: subject → id of
// every send that was answered; unanswered: subjects whose caller does not know, to be asked again.
//   mayBreak   connections may break, or last longer than timeoutMs: a node was killed or stopped
//   mayRefuse  503 with Retry-After is an answer: the database may be away
export class Load {
  constructor(urls, key, name, { mayBreak = false, mayRefuse = false, timeoutMs } = {}) {
    this.apis = urls.map((url) => apiOf(url, key, { timeoutMs }));
    Object.assign(this, { name, mayBreak, mayRefuse });
    this.acknowledged = new Map();
    this.unanswered = new Set();
    Object.assign(this, { asked: 0, askedAgain: 0, broken: 0, count: 0, longestMs: 0, refused: 0 });
  }

  // The answer of the next node; undefined when there is none, or none yet.
  async askOne(call) {
    const api = this.apis[this.asked++ % this.apis.length];
    const from = Date.now();
    let answer;
    try {
      answer = await api(...call);
    } catch (error) {
      if (!this.mayBreak) throw error;
      this.broken += 1;
      return undefined; // done or not, nobody told
    }
    this.longestMs = Math.max(this.longestMs, Date.now() - from);
    if (answer.status !== 503 || !this.mayRefuse) return answer;
    assert.ok(Number(answer.headers.get("retry-after")) >= 1, "503 says when to come back");
    assert.equal(answer.body.errorCode, "NotReady", answer.text);
    this.refused += 1;
    return undefined;
  }

  async ask(...call) {
    for (let tries = 0; tries < this.apis.length; ++tries) {
      const answer = await this.askOne(call);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async send(subject) {
    const key = { "Idempotency-Key": subject };
    const answer = await this.ask("POST", "/api/v1/emails", request(subject), key);
    if (answer === undefined) {
      this.unanswered.add(subject);
      return;
    }
    assert.equal(answer.status, 200, answer.text);
    const before = this.acknowledged.get(subject);
    assert.ok(before === undefined || before === answer.body.id, `${subject} got a second id`);
    this.acknowledged.set(subject, answer.body.id);
    this.unanswered.delete(subject);
  }

  // What was acknowledged is there, whoever is asked.
  async look() {
    const known = [...this.acknowledged];
    if (known.length === 0) return;
    const [subject, id] = known[Math.floor(random() * known.length)];
    const answer = await this.ask("GET", `/api/v1/emails/${id}`);
    if (answer === undefined) return;
    assert.equal(answer.status, 200, `${subject}: ${answer.text}`);
    assert.deepEqual([answer.body.id, answer.body.subject], [id, subject]);
  }

  async askAgain() {
    const subjects = [...this.unanswered];
    this.askedAgain += subjects.length;
    await Promise.all(subjects.map((subject) => this.send(subject)));
  }

  // Until everybody has an answer.
  async settle() {
    const allKnow = async () => {
      await this.askAgain();
      return this.unanswered.size === 0;
    };
    await eventually("everybody has an answer", allKnow, { timeoutMs: ASK_AGAIN_MS_MAX });
  }

  // Runs the callers; stop() ends them.
  begin({ sendsMax = SENDS_PER_ROUND_MAX, pauseMs = CALLER_PAUSE_MS } = {}) {
    let isOn = true;
    const last = this.count + sendsMax;
    const callers = Array.from({ length: CALLERS }, async () => {
      while (isOn && this.count < last) {
        this.count += 1;
        await this.send(`${this.name}-${this.count}`);
        if (random() < LOOK_SHARE) await this.look();
        await sleep(pauseMs);
      }
    });
    const done = Promise.all(callers);
    done.catch(() => {}); // stop() gives it to the test
    return async () => {
      isOn = false;
      await done;
    };
  }

  summary() {
    return (
      `${this.acknowledged.size} acknowledged, ${this.askedAgain} asked again, ` +
      `${this.broken} connections broken, ${this.refused} refused, ` +
      `longest wait ${this.longestMs} ms`
    );
  }
}

function assertSameBytes(copies, subject) {
  for (const copy of copies) assert.equal(copy.raw, copies[0].raw, `a copy of ${subject} differs`);
}

// What arrived without a send, and what was acknowledged without a record.
export function assertOnlyKnown({ load, sends, sink }) {
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

// Each send arrived, and came twice only where its outcome was unknown.
export function assertDelivered({ load, sends, sink }) {
  assertOnlyKnown({ load, sends, sink });
  for (const [subject, send] of sends) {
    const copies = sink.copies(subject);
    assert.equal(send.status, "Sent", `${subject}: ${JSON.stringify(send)}`);
    assert.ok(copies.length >= 1, `${subject} is Sent and did not arrive`);
    const most = 1 + send.unknown;
    assert.ok(copies.length <= most, `${copies.length} copies of ${subject}, at most ${most}`);
    assert.equal(send.accepted, 1, `${subject} was accepted ${send.accepted} times`);
    assertSameBytes(copies, subject);
  }
}

// The number of attempts whose outcome is unknown.
export const unknownOf = (sends) =>
  [...sends.values()].reduce((sum, send) => sum + send.unknown, 0);

// After the faults: everybody asks until they know, the queue drains, and what is on record is
// what arrived. `on` is a node that answers. Gives the sends by subject.
export async function assertSettled(t, { load, on, sink, what }) {
  await load.settle();
  await drained(on);
  const sends = await sendsBySubject(on);
  t.diagnostic(
    `${what}; ${load.summary()}; ${sink.messages.length} copies, ${unknownOf(sends)} Unknown`,
  );
  assertDelivered({ load, sends, sink });
  const pending = "SELECT send_id FROM delivery_attempts WHERE outcome = 'Pending'";
  assert.deepEqual(await rows(on, pending), [], "no attempt is left open");
  return sends;
}
