// One key, one email: what counts as the same effective request, over every way in.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import {
  accepted, alex, finalSend, freshKey, groupIds, postSend, receiptTemplate, sendBody,
} from "./demo.mjs";
import { engine, mcpClient, sink } from "./harness.mjs";

const json = (text) => `{"templateId":"${receiptTemplate}",${text}}`;
const to = '"to":{"email":"alex@example.com"}';
const full = sendBody({
  from: "Acme Receipts <receipts@example.com>",
  subject: "S",
  cc: ["B <b@example.com>", "c@example.com"],
});

// [what, first, again]: a replay.
const same = [
  ["the very same", sendBody(), sendBody()],
  ["fields in another order", sendBody({ subject: "S" }),
    { subject: "S", data: { orderId: "ord_1" }, to: { email: "alex@example.com" },
      templateId: receiptTemplate }],
  ["data in another order", json(`${to},"data":{"a":1,"b":{"c":2,"d":3}}`),
    json(`"data":{"b":{"d":3,"c":2},"a":1},${to}`)],
  ["1 and 1.0", json(`${to},"data":{"n":1}`), json(`${to},"data":{"n":1.0}`)],
  ["1 and 1e0", json(`${to},"data":{"n":1}`), json(`${to},"data":{"n":1e0}`)],
  ["1500 and 1.5E+3", json(`${to},"data":{"n":1500}`), json(`${to},"data":{"n":1.5E+3}`)],
  ["0.5 and 5e-1", json(`${to},"data":{"n":[0.5]}`), json(`${to},"data":{"n":[5e-1]}`)],
  ["0 and -0.0", json(`${to},"data":{"n":0}`), json(`${to},"data":{"n":-0.0}`)],
  ["escapes and blanks", json(`${to},"data":{"s":"\\u00e9/"}`),
    json(` ${to} , "data" : { "s" : "é\\/" } `)],
  ["case of the recipient", sendBody(), sendBody({ to: { email: "Alex@EXAMPLE.com" } })],
  ["both forms of an international domain", sendBody({ to: { email: "Ann@BÜCHER.example" } }),
    sendBody({ to: { email: "ann@xn--bcher-kva.example" } })],
  ["both forms of an international top-level domain",
    sendBody({ cc: "Bo <bo@shop.ελ>", bcc: ["cy@例え.テスト"] }),
    sendBody({ cc: ["Bo <bo@SHOP.xn--qxam>"], bcc: "cy@xn--r8jz45g.xn--zckzah" })],
  ["case of from", full, { ...full, from: "Acme Receipts <Receipts@Example.COM>" }],
  ["case of replyTo", sendBody({ replyTo: "support@example.com" }),
    sendBody({ replyTo: "SUPPORT@example.com" })],
  ["case and order of cc", full, { ...full, cc: ["C@example.com", "B <B@example.com>"] }],
  ["a cc named twice", full, { ...full, cc: [...full.cc, "c@example.com"] }],
  ["quotes around a display name", full,
    { ...full, from: '"Acme Receipts" <receipts@example.com>' }],
  ["cc as text and as a list", sendBody({ cc: "b@example.com" }),
    sendBody({ cc: ["b@example.com"] })],
  ["bcc as text and as a list", sendBody({ bcc: "b@example.com" }),
    sendBody({ bcc: ["b@example.com"] })],
  ["no cc and an empty one", sendBody(), sendBody({ cc: [], bcc: [] })],
  ["nulls and nothing", sendBody(), sendBody({
    subject: null, from: null, replyTo: null, cc: null, bcc: null, profileId: null,
    senderProfileId: null, subscriptionGroupId: null, templateKey: null, tracking: null })],
  ["tracking left out and its default", sendBody(), sendBody({ tracking: { clicks: true } })],
  ["tracking empty", sendBody({ tracking: {} }), sendBody()],
  ["tracking.clicks null", sendBody({ tracking: { clicks: null } }), sendBody()],
  ["no data and empty data", sendBody({ data: undefined }), sendBody({ data: {} })],
  ["data null", sendBody({ data: {} }), sendBody({ data: null })],
  ["templateKey for templateId", sendBody(),
    { ...sendBody({ templateId: undefined }), templateKey: "receipt-default" }],
  ["profileId for the address", sendBody(), sendBody({ to: undefined, profileId: alex })],
  ["both for one", sendBody(), sendBody({ profileId: alex })],
  ["upper-case id", sendBody(), sendBody({ templateId: receiptTemplate.toUpperCase() })],
];

// [what, first, again]: a conflict.
const different = [
  ["the recipient", sendBody(), sendBody({ to: { email: "sam@example.com" } })],
  ["a subject, though it is the template's", sendBody(),
    sendBody({ subject: "Receipt for order ord_1" })],
  ["a sender, though it is the template's", sendBody(), sendBody({ from: "receipts@example.com" })],
  ["another sender", sendBody({ from: "receipts@example.com" }),
    sendBody({ from: "support@example.com" })],
  ["the display name of from", full, { ...full, from: "Else <receipts@example.com>" }],
  ["the display name of a cc", full, { ...full, cc: ["b@example.com", "c@example.com"] }],
  ["replyTo", sendBody(), sendBody({ replyTo: "support@example.com" })],
  ["a cc more", full, { ...full, cc: [...full.cc, "d@example.com"] }],
  ["cc for bcc", sendBody({ cc: "b@example.com" }), sendBody({ bcc: "b@example.com" })],
  ["tracking", sendBody(), sendBody({ tracking: { clicks: false } })],
  ["a value in data", sendBody(), sendBody({ data: { orderId: "ord_2" } })],
  ["text for a number", sendBody({ data: { n: 1 } }), sendBody({ data: { n: "1" } })],
  ["null for nothing within data", sendBody({ data: {} }), sendBody({ data: { n: null } })],
  ["the order of a list", sendBody({ data: { n: [1, 2] } }), sendBody({ data: { n: [2, 1] } })],
  ["the template", sendBody(), { ...sendBody({ templateId: undefined }),
    templateKey: "password-reset" }],
];

const wasReplayed = (answer) => answer.headers.get("idempotent-replayed") === "true";

test("the same effective request is a replay", async (t) => {
  const on = await engine(t);
  for (const [what, first, again] of same) {
    await t.test(what, async () => {
      const key = freshKey();
      const { id } = await accepted(on, first, key);
      const second = await postSend(on, again, key);
      assert.equal(second.status, 200, second.text);
      assert.equal(second.body.id, id);
      assert.ok(wasReplayed(second));
      const item = { ...JSON.parse(typeof first === "string" ? first : JSON.stringify(first)),
        idempotencyKey: key };
      const batch = await on.api("POST", "/api/v1/emails/batch", { items: [item] });
      assert.equal(batch.body.items[0].send?.id, id, batch.text);
    });
  }
});

test("another effective request under the same key is a conflict", async (t) => {
  const on = await engine(t);
  for (const [what, first, again] of different) {
    await t.test(what, async () => {
      for (const [one, other] of [[first, again], [again, first]]) {
        const key = freshKey();
        const { id } = await accepted(on, one, key);
        const second = await postSend(on, other, key);
        assert.equal(second.status, 409, second.text);
        assert.equal(second.body.errorCode, "IdempotencyConflict");
        assert.deepEqual(second.body.details.map((row) => row.path), ["/idempotencyKey"]);
        assert.ok(second.body.message.includes(key), second.body.message);
        const still = await postSend(on, one, key);
        assert.deepEqual([still.body.id, wasReplayed(still)], [id, true]);
      }
    });
  }
});

test("a group is part of the request", async (t) => {
  const on = await engine(t);
  const { OptIn, OptOut } = await groupIds(on);
  const key = freshKey();
  await accepted(on, sendBody({ subscriptionGroupId: OptIn }), key);
  for (const subscriptionGroupId of [OptOut, undefined]) {
    assert.equal((await postSend(on, sendBody({ subscriptionGroupId }), key)).status, 409);
  }
});

test("a quoted header is the same key as a bare one", async (t) => {
  const on = await engine(t);
  const { id } = await accepted(on, sendBody(), "order:1");
  assert.equal((await accepted(on, sendBody(), '"order:1"')).id, id);
  assert.notEqual((await accepted(on, sendBody(), "Order:1")).id, id, "case counts");
});

test("one key space for REST, batch, both MCP modes and call", async (t) => {
  const on = await engine(t);
  const key = freshKey();
  const { id } = await accepted(on, sendBody(), key);
  await finalSend(on, id);
  const args = { idempotencyKey: key, ...sendBody() };
  const batch = await on.api("POST", "/api/v1/emails/batch", { items: [args] });
  assert.equal(batch.body.items[0].send.id, id);
  for (const settings of [{}, { SEGMENTFLOW_BASE_URL: on.url }]) {
    const { client } = await mcpClient(t, on, { settings });
    const one = await client.callTool({ name: "send_email", arguments: args });
    assert.equal(one.structuredContent.id, id);
    const many = await client.callTool({ name: "batch_send", arguments: { items: [args] } });
    assert.equal(many.structuredContent.items[0].send.id, id);
    assert.equal(many.structuredContent.accepted, 1, "a replay counts as accepted");
  }
  for (const operation of ["emails.send", "send_email"]) {
    const called = await on.cli(["call", operation, JSON.stringify(args)]);
    assert.equal(called.code, 0, called.stderr);
    assert.equal(JSON.parse(called.stdout).id, id);
  }
  const conflict = await on.cli(["call", "emails.send", JSON.stringify({ ...args, subject: "E" })]);
  assert.equal(conflict.code, 1);
  assert.equal(JSON.parse(conflict.stdout).errorCode, "IdempotencyConflict");
});

test("a replay gives the current status, and sends nothing", async (t) => {
  const receiver = await sink(t);
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url } });
  const key = freshKey();
  const first = await accepted(on, sendBody(), key);
  const final = await finalSend(on, first.id);
  const again = await accepted(on, sendBody(), key);
  assert.deepEqual(again, final);
  const { id } = await accepted(on, sendBody());
  await finalSend(on, id);
  assert.equal(receiver.messages.length, 2);
});

test("a replay outlives edits of the template, and keeps what was frozen", async (t) => {
  const on = await engine(t);
  const first = [freshKey(), freshKey()];
  const bodies = [sendBody(), { ...sendBody({ templateId: undefined }),
    templateKey: "receipt-default" }];
  const before = [await accepted(on, bodies[0], first[0]), await accepted(on, bodies[1], first[1])];
  for (const { id } of before) await finalSend(on, id);
  const source = new URL("../../examples/templates/receipt-default.json", import.meta.url);
  const edited = { ...JSON.parse(await readFile(source, "utf8")), id: receiptTemplate };
  edited.definition.subject = "Edited ${/data/orderId}";
  const file = join(on.data, "edited.json");
  await writeFile(file, JSON.stringify(edited));
  const done = await on.cli(["templates", "import", file, "--sender", "support@example.com"]);
  assert.equal(done.code, 0, done.stderr);

  const after = await accepted(on, sendBody());
  assert.equal(after.subject, "Edited ord_1");
  assert.equal(after.from.email, "support@example.com");
  for (const [index, key] of first.entries()) {
    for (const body of bodies) {
      const replay = await accepted(on, body, key);
      assert.equal(replay.id, before[index].id);
      assert.equal(replay.subject, "Receipt for order ord_1");
      assert.equal(replay.from.email, "receipts@example.com");
      assert.equal(replay.templateSnapshotId, before[index].templateSnapshotId);
      assert.notEqual(replay.templateSnapshotId, after.templateSnapshotId);
    }
  }
});
