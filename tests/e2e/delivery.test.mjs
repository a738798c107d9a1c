// From an accepted send to the mail that a receiver gets: outcomes, retries and restarts. The
// content of messages is judged in content.test.mjs, the way to the server in relay.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  accepted, finalSend, freshKey, receiptTemplate, sampleOf, sendBody,
} from "./demo.mjs";
import { apiOf, engine, eventually, freePort, newKey, sink } from "./harness.mjs";

const refusal = (responseCode, text) => Object.assign(new Error(text), { responseCode });
const refusing = (refused, code = 550) => ({
  onRcptTo: ({ address }, session, done) =>
    done(refused.includes(address) ? refusal(code, `no such mailbox ${address}`) : undefined),
});
const relayed = (t, receiver, settings = {}) =>
  engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url, ...settings } });
const quick = { SEGMENTFLOW_RETRY_SCHEDULE: "200ms" };

// Reads each message whole and answers it with replyTo(attempt): an Error, or nothing for 250.
function answering(replyTo) {
  const attempts = [];
  return {
    attempts,
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        attempts.push(Buffer.concat(parts).toString("latin1"));
        done(replyTo(attempts.length));
      });
    },
  };
}

test("a relay gets the message once, a replay sends nothing, another key does", async (t) => {
  const receiver = await sink(t);
  const on = await relayed(t, receiver);
  const { body, headers } = await sampleOf("000-01-send-one");
  const key = headers["Idempotency-Key"];
  const { id, messageId } = await accepted(on, body, key);
  assert.equal(messageId, null, "there is no Message before the first rendering");
  const final = await finalSend(on, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  assert.match(final.messageId, /^[0-9a-f-]{36}$/);
  const [{ envelope }] = await receiver.received(1);
  assert.equal(envelope.from.split("@")[1], "example.com");
  assert.deepEqual([...envelope.to].sort(),
    ["alex@example.com", "audit@example.com", "billing@example.com"]);
  await accepted(on, body, key);
  await finalSend(on, (await accepted(on, body)).id);
  assert.equal(receiver.messages.length, 2);
});

test("a refusal for good is a failed send with the server's words", async (t) => {
  const receiver = await sink(t, answering(() => refusal(554, "we do not like it")));
  const on = await relayed(t, receiver, quick);
  const final = await finalSend(on, (await accepted(on, sendBody())).id);
  assert.equal(final.status, "Failed");
  assert.equal(final.failureReason, "ProviderRejected");
  assert.match(final.failureMessage, /we do not like it/);
});

test("when the primary recipient is refused nothing goes out", async (t) => {
  const receiver = await sink(t, refusing(["alex@example.com"]));
  const on = await relayed(t, receiver, quick);
  const copies = { cc: "billing@example.com", bcc: "audit@example.com" };
  const final = await finalSend(on, (await accepted(on, sendBody(copies))).id);
  assert.equal(final.status, "Failed");
  assert.equal(final.failureReason, "ProviderRejected");
  assert.match(final.failureMessage, /no such mailbox/);
  assert.equal(receiver.messages.length, 0);
  const other = await finalSend(on, (await accepted(on, sendBody({
    to: { email: "sam@example.com" } }))).id);
  assert.equal(other.status, "Sent", "the connection is still good");
});

test("a refused copy keeps the mail from nobody else", async (t) => {
  const receiver = await sink(t, refusing(["billing@example.com", "hidden@example.com"]));
  const on = await relayed(t, receiver, quick);
  const copies = { cc: ["billing@example.com", "ops@example.com"], bcc: "hidden@example.com" };
  const final = await finalSend(on, (await accepted(on, sendBody(copies))).id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  const [{ envelope, parsed }] = await receiver.received(1);
  assert.deepEqual([...envelope.to].sort(), ["alex@example.com", "ops@example.com"]);
  assert.equal(parsed.cc.value.length, 2, "the Cc header tells whom it was meant for");
});

test("a temporary refusal is tried again with the same bytes", async (t) => {
  const flaky = answering((attempt) => (attempt < 3 ? refusal(451, "later") : undefined));
  const receiver = await sink(t, flaky);
  const on = await relayed(t, receiver, quick);
  const { id } = await accepted(on, sendBody());
  const final = await finalSend(on, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  assert.deepEqual([final.failureReason, final.failureMessage], [null, null]);
  assert.equal(flaky.attempts.length, 3);
  assert.equal(new Set(flaky.attempts).size, 1, "every attempt has the same bytes");
  assert.match(flaky.attempts[0], new RegExp(`^Message-ID: <${id}@example\\.com>\r$`, "m"));
});

test("between attempts the status is Processing, and the Message exists", async (t) => {
  const receiver = await sink(t, answering(() => refusal(451, "later")));
  const on = await relayed(t, receiver, { SEGMENTFLOW_RETRY_SCHEDULE: "1h" });
  const { id } = await accepted(on, sendBody());
  const waiting = await eventually("the first attempt", async () => {
    const { body } = await on.api("GET", `/api/v1/emails/${id}`);
    return body.status === "Processing" && body.messageId && body;
  });
  assert.equal(waiting.failureReason, null);
});

test("past its deadline a send fails as ProviderUnavailable", async (t) => {
  const port = await freePort(); // nobody listens there
  const on = await relayed(t, { url: `smtp://127.0.0.1:${port}` },
    { ...quick, SEGMENTFLOW_SEND_DEADLINE: "1s" });
  const final = await finalSend(on, (await accepted(on, sendBody())).id);
  assert.equal(final.status, "Failed");
  assert.equal(final.failureReason, "ProviderUnavailable");
});

test("what cannot be rendered fails, and says where", async (t) => {
  const on = await engine(t);
  const data = { orderId: "ord_1", orderTotal: { amount: 1 } };
  const final = await finalSend(on, (await accepted(on, sendBody({ data }))).id);
  assert.equal(final.status, "Failed", JSON.stringify(final));
  assert.equal(final.failureReason, "RenderFailed");
  assert.match(final.failureMessage, /\/data\/orderTotal/);
});

// A receiver that takes the first message whole and hangs up without a word.
function hangingUp() {
  const server = {};
  const options = answering(() => undefined);
  const { onData } = options;
  options.onData = (stream, session, done) => {
    if (options.attempts.length > 0) return onData(stream, session, done);
    return onData(stream, session, () => {
      for (const connection of server.of.connections) connection._socket.destroy();
    });
  };
  return { options, server };
}

test("no answer to the dot: repeated with the same Message-ID, or not where the key forbids",
  async (t) => {
    for (const atMostOnce of [false, true]) {
      const { options, server } = hangingUp();
      const receiver = await sink(t, options);
      server.of = receiver.server;
      const on = await relayed(t, receiver, quick);
      const flags = atMostOnce ? ["--at-most-once"] : [];
      const made = await on.cli(["keys", "create", "--name", "k", "--scopes", "all", ...flags]);
      const caller = { ...on, api: apiOf(on.url, made.stdout.trim()) };
      const final = await finalSend(on, (await accepted(caller, sendBody())).id);
      if (atMostOnce) {
        assert.deepEqual([final.status, final.failureReason], ["Failed", "OutcomeUnknown"]);
        assert.equal(options.attempts.length, 1);
      } else {
        assert.equal(final.status, "Sent", JSON.stringify(final));
        assert.equal(options.attempts.length, 2);
        assert.equal(options.attempts[0], options.attempts[1]);
      }
    }
  });

test("a send accepted before a kill -9 is delivered after the restart", async (t) => {
  const receiver = await sink(t);
  // What was claimed before the kill waits on PostgreSQL for the lease, 30 s by default.
  const settings = { SEGMENTFLOW_SMTP_URL: receiver.url, ...quick,
    SEGMENTFLOW_LEASE_HEARTBEAT: "500ms", SEGMENTFLOW_LEASE_EXPIRY: "2s" };
  const first = await engine(t, { settings });
  const key = freshKey();
  const { id } = await accepted(first, sendBody(), key);
  await first.program.kill("SIGKILL");
  const second = await engine(t, { settings, folder: first.data });
  const { stdout } = await second.cli(["audit"]);
  assert.match(stdout, /emails\.send +ok/, "the call is noted together with the send");
  const final = await finalSend(second, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  const replay = await accepted(second, sendBody(), key);
  assert.deepEqual(replay, final);
});

test("mail that waits for its relay survives a restart", async (t) => {
  const port = await freePort();
  const settings = { SEGMENTFLOW_SMTP_URL: `smtp://127.0.0.1:${port}`, ...quick };
  const first = await engine(t, { settings });
  const items = Array.from({ length: 20 }, () => ({ idempotencyKey: freshKey(), ...sendBody() }));
  const batch = await first.api("POST", "/api/v1/emails/batch", { items });
  const ids = batch.body.items.map((item) => item.send.id);
  const stopped = await first.program.kill("SIGTERM");
  assert.deepEqual(stopped, { code: 0, signal: null }, first.program.log());
  const receiver = await sink(t);
  const second = await engine(t, {
    settings: { ...settings, SEGMENTFLOW_SMTP_URL: receiver.url }, folder: first.data,
  });
  for (const id of ids) assert.equal((await finalSend(second, id)).status, "Sent");
  assert.equal(receiver.messages.length, ids.length, "each once");
});

test("an attempt that a shutdown cuts short is made again at once", async (t) => {
  let asked = 0;
  const receiver = await sink(t, {
    onRcptTo(address, session, done) {
      asked += 1;
      if (asked > 1) done(); // the first one waits for an answer that never comes
    },
  });
  const settings = { SEGMENTFLOW_SMTP_URL: receiver.url, SEGMENTFLOW_RETRY_SCHEDULE: "1h" };
  const first = await engine(t, { settings });
  const { id } = await accepted(first, sendBody());
  await eventually("the dialogue has begun", () => asked === 1);
  assert.deepEqual(await first.program.kill("SIGTERM"), { code: 0, signal: null });
  const second = await engine(t, { settings, folder: first.data });
  assert.equal((await finalSend(second, id)).status, "Sent");
});

test("a Profile's own address is used when the request names only the Profile", async (t) => {
  const receiver = await sink(t);
  const on = await relayed(t, receiver);
  const key = await newKey(on, "writer", ["emails:write", "emails:read"]);
  const writer = { ...on, api: apiOf(on.url, key) };
  const body = { templateId: receiptTemplate, profileId: "018f7a35-5555-7555-8555-555555555555" };
  const { id } = await accepted(writer, body);
  await finalSend(writer, id);
  const [{ envelope, parsed }] = await receiver.received(1);
  assert.deepEqual(envelope.to, ["alex@example.com"]);
  assert.equal(parsed.to.text, "alex@example.com");
});
