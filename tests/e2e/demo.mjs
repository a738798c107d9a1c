// What the demo organisation holds, and the shortest requests that it accepts.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { eventually } from "./harness.mjs";

export const receiptTemplate = "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70";
export const resetTemplate = "d0df2e4d-8e44-4792-b2d5-8d3f2ea3d54b";
export const alex = "018f7a35-5555-7555-8555-555555555555";
export const nobody = "018f7a35-9999-7999-8999-999999999999"; // the id of nothing

// The body of an accepted send, with what is to be different.
export const sendBody = (changes = {}) => ({
  templateId: receiptTemplate,
  to: { email: "alex@example.com" },
  data: { orderId: "ord_1" },
  ...changes,
});

let keys = 0;
// An idempotency key that no other call of this test file uses.
export const freshKey = () => `test:${(keys += 1)}`;

// POST /api/v1/emails; the answer of api().
export const postSend = (on, body, key = freshKey()) =>
  on.api("POST", "/api/v1/emails", body, key === null ? {} : { "Idempotency-Key": key });

// A send that must be accepted: its EmailSend.
export async function accepted(on, body, key) {
  const answer = await postSend(on, body, key);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

// The EmailSend once its status is final.
export const finalSend = (on, id) =>
  eventually(`email ${id} is final`, async () => {
    const { body } = await on.api("GET", `/api/v1/emails/${id}`);
    return !["Queued", "Processing"].includes(body.status) && body;
  });

export const sampleOf = async (name) =>
  JSON.parse(await readFile(new URL(`samples/${name}.json`, import.meta.url), "utf8"));

// Ids of the demo's subscription groups by policy; `groups add` says what is there already.
export async function groupIds(on) {
  const named = { OptIn: "Product updates", OptOut: "Service notices" };
  const ids = {};
  for (const [policy, name] of Object.entries(named)) {
    const done = await on.cli(["groups", "add", name, "--policy", policy]);
    assert.equal(done.code, 0, done.stderr);
    ids[policy] = done.stdout.split(" ")[0];
  }
  return ids;
}
