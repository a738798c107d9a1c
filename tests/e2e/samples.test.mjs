// The documentation's samples, sent as printed. What each must give is written by hand in
// samples/*.json: `expect` on a fresh demo, `expect.inOrder` when all samples run one after another
// on the same demo. `effective` names the effective request behind the shared idempotency key
// order-confirmation:ord_9421: samples with the same name are replays of each other, samples with
// different names conflict.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { describe, test } from "node:test";

import { engine } from "./harness.mjs";
import { hasShape } from "./shapes.mjs";

const folder = new URL("samples/", import.meta.url);
const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
const samples = await Promise.all(
  names.map(async (file) => ({
    name: file.replace(/\.json$/, ""),
    ...JSON.parse(await readFile(new URL(file, folder), "utf8")),
  })),
);
const sampleNamed = (name) => samples.find((sample) => sample.name === name);
const sharing = samples.filter((sample) => sample.effective);

// The parts of `actual` that `expected` names, so that a failed comparison shows only those.
function narrowed(actual, expected) {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((item, index) => narrowed(item, expected[index]));
  }
  if (expected === null || typeof expected !== "object") return actual;
  if (actual === null || typeof actual !== "object") return actual;
  const kept = Object.keys(expected).filter((name) => name in actual);
  return Object.fromEntries(kept.map((name) => [name, narrowed(actual[name], expected[name])]));
}

// Sends a sample; {id} in its path becomes the id that the sample it comes after was given.
async function send(on, sample, ids) {
  const path = sample.path.replace("{id}", ids.get(sample.after));
  const answer = await on.api(sample.method, path, sample.body, sample.headers);
  if (answer.body?.id) ids.set(sample.name, answer.body.id);
  return answer;
}

function check(answer, expected, shape) {
  assert.equal(answer.status, expected.status, answer.text);
  if (expected.body) assert.deepEqual(narrowed(answer.body, expected.body), expected.body);
  if (answer.status === 200) hasShape(shape, answer.body);
  assert.doesNotMatch(answer.text, /"bcc"|audit@example\.com/, "bcc must never be echoed");
}

const wasReplayed = (answer) => answer.headers.get("idempotent-replayed") === "true";

describe("each sample on a fresh demo", () => {
  for (const sample of samples) {
    test(`${sample.name} (${sample.source})`, async (t) => {
      const on = await engine(t);
      const ids = new Map();
      if (sample.after) await send(on, sampleNamed(sample.after), ids);
      const answer = await send(on, sample, ids);
      check(answer, sample.expect, sample.expect.shape);
      assert.equal(wasReplayed(answer), false, "a first request is no replay");
    });
  }
});

test("all samples in order, twice, on one demo", async (t) => {
  const on = await engine(t);
  const ids = new Map();
  for (const sample of samples) {
    await t.test(`first: ${sample.name}`, async () => {
      const answer = await send(on, sample, ids);
      check(answer, sample.expect.inOrder, sample.expect.shape);
      assert.equal(wasReplayed(answer), false);
      if (sample.after) assert.equal(answer.body.id, ids.get(sample.after));
    });
  }
  for (const sample of samples) {
    const isSend = sample.path === "/api/v1/emails";
    await t.test(`again: ${sample.name}`, async () => {
      const before = ids.get(sample.name);
      const answer = await send(on, sample, ids);
      assert.equal(answer.status, sample.expect.inOrder.status, answer.text);
      if (isSend) assert.equal(wasReplayed(answer), answer.status === 200);
      if (answer.body?.id) assert.equal(answer.body.id, before);
    });
  }
});

// The id of the EmailSend behind the shared key, or undefined when the sample was refused.
function sharedId(sample, answer) {
  if (sample.path.endsWith("/batch")) return answer.body.items[0].send?.id;
  return answer.status === 200 ? answer.body.id : undefined;
}

describe("samples that share a key replay or conflict", () => {
  for (const first of sharing) {
    test(`after ${first.name}`, async (t) => {
      const on = await engine(t);
      const id = sharedId(first, await send(on, first, new Map()));
      assert.ok(id, "the first request is accepted");
      for (const other of sharing) {
        const answer = await send(on, other, new Map());
        const isSame = other.effective === first.effective;
        const isBatch = other.path.endsWith("/batch");
        assert.equal(answer.status, isSame || isBatch ? 200 : 409, `${other.name}: ${answer.text}`);
        assert.equal(sharedId(other, answer), isSame ? id : undefined, other.name);
        if (!isBatch) assert.equal(wasReplayed(answer), isSame, other.name);
      }
    });
  }
});

test("moving batch fields between defaults and items is still a replay", async (t) => {
  const on = await engine(t);
  const { defaults, items } = sampleNamed("000-06-batch").body;
  const first = await on.api("POST", "/api/v1/emails/batch", { defaults, items });
  const moved = { items: items.map((item) => ({ ...defaults, ...item })) };
  const second = await on.api("POST", "/api/v1/emails/batch", moved);
  assert.equal(first.body.accepted, 2, first.text);
  assert.equal(second.body.accepted, 2, second.text);
  const idsOf = (answer) => answer.body.items.map((item) => item.send.id);
  assert.deepEqual(idsOf(second), idsOf(first));
});
