// From an accepted send to the mail that a receiver gets.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { simpleParser } from "mailparser";

import { engine, eventually, sink } from "./harness.mjs";

const sampleOf = async (name) =>
  JSON.parse(await readFile(new URL(`samples/${name}.json`, import.meta.url), "utf8"));
const sample = await sampleOf("000-01-send-one");

const send = async (on, { body, headers } = sample) => {
  const answer = await on.api("POST", "/api/v1/emails", body, headers);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};

const finalStatus = (on, id) =>
  eventually(`email ${id} is final`, async () => {
    const { body } = await on.api("GET", `/api/v1/emails/${id}`);
    return !["Queued", "Processing"].includes(body.status) && body;
  });

// The paths of all files below a folder.
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
}

test("a relay gets the message once, for the recipient and all copies", async (t) => {
  const receiver = await sink(t);
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url } });
  const { id } = await send(on);
  const final = await finalStatus(on, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  assert.match(final.messageId, /^[0-9a-f-]{36}$/);

  const [{ envelope, parsed, raw }] = await receiver.received(1);
  assert.deepEqual([...envelope.to].sort(), [
    "alex@example.com",
    "audit@example.com",
    "billing@example.com",
  ]);
  assert.equal(parsed.subject, sample.body.subject);
  assert.deepEqual(parsed.from.value, [{ address: "receipts@example.com", name: "Acme Receipts" }]);
  const support = { address: "support@example.com", name: "Acme Support" };
  assert.deepEqual(parsed.replyTo.value, [support]);
  assert.deepEqual(parsed.to.value.map((to) => to.address), ["alex@example.com"]);
  assert.deepEqual(parsed.cc.value, [{ address: "billing@example.com", name: "Billing" }]);
  assert.doesNotMatch(raw.toString("latin1"), /audit@example\.com/, "bcc is envelope only");
  assert.ok(parsed.text?.includes("ord_9421"), "the text part shows the data");
  assert.ok(parsed.html?.includes("ord_9421"), "the HTML part shows the data");

  await send(on);
  const other = await send(on, {
    body: sample.body,
    headers: { "Idempotency-Key": "another-key" },
  });
  await finalStatus(on, other.id);
  assert.equal(receiver.messages.length, 2, "a replay sends nothing, another key does");
});

test("a recipient that the relay refuses for good is a failed send", async (t) => {
  const receiver = await sink(t, {
    onRcptTo: ({ address }, session, done) =>
      address === "alex@example.com"
        ? done(Object.assign(new Error("no such mailbox"), { responseCode: 550 }))
        : done(),
  });
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url } });
  const { id } = await send(on);
  const final = await finalStatus(on, id);
  assert.equal(final.status, "Failed");
  assert.equal(final.failureReason, "ProviderRejected");
  assert.equal(receiver.messages.length, 0, "without its primary recipient nothing goes out");
});

test("captured mail is a whole message without bcc, named after the message", async (t) => {
  const on = await engine(t);
  const { id } = await send(on);
  const final = await finalStatus(on, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  const files = await filesBelow(on.data);
  const file = files.find((path) => path.endsWith(`${final.messageId}.eml`));
  assert.ok(file, `no ${final.messageId}.eml among ${files.join(", ")}`);
  const raw = await readFile(file);
  assert.doesNotMatch(raw.toString("latin1"), /audit@example\.com/);
  const parsed = await simpleParser(raw);
  assert.equal(parsed.subject, sample.body.subject);
});

test("a send accepted before a kill -9 is delivered after the restart", async (t) => {
  const receiver = await sink(t);
  const settings = { SEGMENTFLOW_SMTP_URL: receiver.url };
  const first = await engine(t, { settings });
  const { id } = await send(first);
  await first.program.kill("SIGKILL");
  const second = await engine(t, { settings, folder: first.data });
  const final = await finalStatus(second, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  const replay = await send(second);
  assert.equal(replay.id, id);
  assert.equal(replay.messageId, final.messageId);
});
