// Bad requests: what each gets as status, code and path. One row, one mistake.
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import {
  accepted, alex, finalSend, freshKey, groupIds, nobody, postSend, receiptTemplate, resetTemplate,
  sendBody,
} from "./demo.mjs";
import { apiOf, engine, newKey } from "./harness.mjs";
import { hasShape } from "./shapes.mjs";

// The error envelope, with its code in both spellings.
function isError(answer, status, code, paths) {
  assert.equal(answer.status, status, answer.text);
  const { error, errorCode, message, statusCode, requestId, details } = answer.body;
  assert.equal(errorCode, code, answer.text);
  assert.equal(error, code.replace(/(?<!^)[A-Z]/g, (one) => `_${one}`).toLowerCase());
  assert.equal(statusCode, status);
  assert.ok(message.length > 10, message);
  assert.equal(requestId, answer.headers.get("x-request-id"));
  if (paths === undefined) return;
  assert.deepEqual((details ?? []).map((row) => row.path), paths, answer.text);
  for (const row of details ?? []) assert.ok(row.message.length > 8, answer.text);
}

const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const address = (index) => `copy${index}@example.com`;
const without = (body, ...names) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));
const deep = (levels) => (levels === 0 ? 1 : { down: deep(levels - 1) });

// [what, body, paths]: 400 ValidationFailed.
const invalid = [
  ["html", sendBody({ html: "<b>x</b>" }), ["/html"]],
  ["text", sendBody({ text: "x" }), ["/text"]],
  ["react", sendBody({ react: {} }), ["/react"]],
  ["two unknown fields", sendBody({ html: "x", zzz: 1 }), ["/html", "/zzz"]],
  ["a case of its own", sendBody({ Subject: "x" }), ["/Subject"]],
  ["unknown within to", sendBody({ to: { email: "a@example.com", name: "A" } }), ["/to/name"]],
  ["unknown within tracking", sendBody({ tracking: { opens: true } }), ["/tracking/opens"]],
  ["a key in the body", sendBody({ idempotencyKey: "k" }), ["/idempotencyKey"]],
  ["both template references", sendBody({ templateKey: "receipt-default" }), ["/templateKey"]],
  ["no template reference", without(sendBody(), "templateId"), ["/templateId"]],
  ["null for the template", sendBody({ templateId: null }), ["/templateId"]],
  ["no recipient", without(sendBody(), "to"), ["/to"]],
  ["an empty to", sendBody({ to: {} }), ["/to"]],
  ["to as a string", sendBody({ to: "alex@example.com" }), ["/to"]],
  ["to as a list", sendBody({ to: [{ email: "alex@example.com" }] }), ["/to"]],
  ["a template id that is none", sendBody({ templateId: "receipt-default" }), ["/templateId"]],
  ["a profile id that is none", sendBody({ profileId: "alex" }), ["/profileId"]],
  ["a group id that is none", sendBody({ subscriptionGroupId: "1" }), ["/subscriptionGroupId"]],
  ["a sender id that is none", sendBody({ senderProfileId: "x" }), ["/senderProfileId"]],
  ["an address without @", sendBody({ to: { email: "alex" } }), ["/to/email"]],
  ["a name in to.email", sendBody({ to: { email: "A <a@example.com>" } }), ["/to/email"]],
  ["a line break in to.email", sendBody({ to: { email: "a@example.com\r\nBcc: x@y.com" } }),
    ["/to/email"]],
  ["a top-level domain of one letter", sendBody({ to: { email: "a@b.c" } }), ["/to/email"]],
  ["a recipient that is not ASCII", sendBody({ to: { email: "jürgen@example.com" } }),
    ["/to/email"]],
  ["a copy that is not ASCII", sendBody({ cc: ["jürgen@bücher.example"] }), ["/cc/0"]],
  ["a sender that is not ASCII", sendBody({ from: "Ü <ü@example.com>" }), ["/from"]],
  ["an international domain that is none", sendBody({ to: { email: "a@-ü.example" } }),
    ["/to/email"]],
  ["an empty external id", sendBody({ to: { externalId: "" } }), ["/to/externalId"]],
  ["a long external id", sendBody({ to: { externalId: "x".repeat(256) } }), ["/to/externalId"]],
  ["a line break in from", sendBody({ from: "A\r\nX: y <receipts@example.com>" }), ["/from"]],
  ["a line break in replyTo", sendBody({ replyTo: "support@example.com\nX: y" }), ["/replyTo"]],
  ["a line break in subject", sendBody({ subject: "Hi\r\nBcc: x@example.com" }), ["/subject"]],
  ["NUL in subject", sendBody({ subject: "Hi\u0000" }), ["/subject"]],
  ["an empty subject", sendBody({ subject: "" }), ["/subject"]],
  ["a subject of 999 characters", sendBody({ subject: "x".repeat(999) }), ["/subject"]],
  ["a line break in cc", sendBody({ cc: "a@example.com\r\nX: y" }), ["/cc"]],
  ["a line break in the second bcc", sendBody({ bcc: ["a@example.com", "b@example.com\n"] }),
    ["/bcc/1"]],
  ["two addresses in from", sendBody({ from: "a@example.com, b@example.com" }), ["/from"]],
  ["a bare name in replyTo", sendBody({ replyTo: "Support" }), ["/replyTo"]],
  ["the second cc is none", sendBody({ cc: ["a@example.com", "nope"] }), ["/cc/1"]],
  ["cc as a number", sendBody({ cc: 5 }), ["/cc"]],
  ["51 recipients by cc", sendBody({ cc: many(50, address) }), ["/cc"]],
  ["51 recipients by cc and bcc",
    sendBody({ cc: many(25, address), bcc: many(25, (i) => address(i + 25)) }), ["/cc"]],
  ["data as a list", sendBody({ data: [] }), ["/data"]],
  ["data 33 levels deep", sendBody({ data: deep(33) }), ["/data"]],
  ["tracking.clicks as text", sendBody({ tracking: { clicks: "no" } }), ["/tracking/clicks"]],
  ["a list as body", [sendBody()], [""]],
  ["a string as body", '"send"', [""]],
  ["JSON that breaks off", '{"templateId": ', ["/templateId"]],
  ["JSON with a comment", '{"templateId": 1 /* x */}', ["/templateId"]],
  ["no JSON", "templateId=1", [""]],
  ["two documents", "{} {}", [""]],
  ["nothing", "", [""]],
  ["a field twice", '{"subject":"a","subject":"b"}', ["/subject"]],
  ["a nested field twice", '{"to":{"email":"a@b.co","email":"c@d.co"}}', ["/to/email"]],
  ["half a surrogate pair", '{"subject":"\\ud800"}', ["/subject"]],
  ["a number too precise", '{"data":{"a":[1,0.12345678901234567890123]}}', ["/data/a/1"]],
  ["a number too large", '{"data":{"a":1e999}}', ["/data/a"]],
  ["an integer too large", '{"data":{"a":123456789012345678901234567890}}', ["/data/a"]],
];

// [what, body, status, code, paths]: well-formed, and still refused.
const refused = [
  ["data over 256 KiB", sendBody({ data: { x: "x".repeat(256 * 1024) } }),
    413, "PayloadTooLarge", ["/data"]],
  ["an unknown template", sendBody({ templateId: nobody }), 404, "NotFound", ["/templateId"]],
  ["an unknown template key", { ...without(sendBody(), "templateId"), templateKey: "nope" },
    404, "NotFound", ["/templateKey"]],
  ["an unknown Profile", { ...without(sendBody(), "to"), profileId: nobody },
    404, "NotFound", ["/profileId"]],
  ["an unknown group", sendBody({ subscriptionGroupId: nobody }),
    404, "NotFound", ["/subscriptionGroupId"]],
  ["an unknown external id", sendBody({ to: { externalId: "crm:unknown" } }),
    422, "RecipientNotResolved", ["/to/externalId"]],
  ["a Profile with another's address", sendBody({ profileId: alex, to: { email: "x@y.com" } }),
    422, "RecipientConflict", ["/to/email"]],
  ["an external id of another Profile",
    sendBody({ to: { email: "other@example.com", externalId: "crm:alex" } }),
    422, "RecipientConflict", ["/to/externalId"]],
  ["an external id of another than the Profile",
    sendBody({ profileId: alex, to: { externalId: "crm:sam" } }),
    422, "RecipientConflict", ["/to/externalId"]],
  ["an address that is no sender's", sendBody({ from: "else@example.com" }),
    422, "InvalidSenderProfile", ["/from"]],
  ["an address on a foreign domain", sendBody({ from: "receipts@example.org" }),
    422, "InvalidSenderProfile", ["/from"]],
  ["an unknown sender id", sendBody({ senderProfileId: nobody }),
    422, "InvalidSenderProfile", ["/senderProfileId"]],
  ["a foreign reply domain", sendBody({ replyTo: "me@example.org" }),
    422, "InvalidReplyTo", ["/replyTo"]],
  ["a reply domain below ours", sendBody({ replyTo: "me@mail.example.com" }),
    422, "InvalidReplyTo", ["/replyTo"]],
  ["a newsletter template", { ...without(sendBody(), "templateId"), templateKey: "news" },
    422, "TemplateNotTransactional", ["/templateKey"]],
  ["an incomplete template", { ...without(sendBody(), "templateId"), templateKey: "unfinished" },
    422, "TemplateIncomplete", undefined],
];

const definition = (subject, text) => ({
  subject,
  body: {
    root: "html",
    elements: {
      html: { type: "Html", props: {}, children: ["head", "body"] },
      head: { type: "Head", props: {}, children: [] },
      body: { type: "Body", props: {}, children: ["text"] },
      text: { type: "Text", props: { text } },
    },
  },
});

async function importTemplate(on, template, sender = "receipts@example.com") {
  const file = join(on.data, `${template.key}.json`);
  await writeFile(file, JSON.stringify(template));
  const done = await on.cli(["templates", "import", file, "--sender", sender]);
  assert.equal(done.code, 0, done.stderr);
  return done.stdout.split(" ")[0];
}

// A demo with two external ids, a newsletter template and an unfinished one.
async function furnished(t) {
  const on = await engine(t);
  const to = (email, externalId) => ({ to: { email, externalId } });
  await accepted(on, sendBody(to("alex@example.com", "crm:alex")));
  await accepted(on, sendBody(to("sam@example.com", "crm:sam")));
  await importTemplate(on, {
    key: "news", name: "News", purpose: "Newsletter", definition: definition("News", "Hello"),
  });
  await importTemplate(on, { key: "unfinished", name: "U", definition: definition("", "Hello") });
  return on;
}

test("malformed sends are 400 with the path of the mistake", async (t) => {
  const on = await engine(t);
  for (const [what, body, paths] of invalid) {
    await t.test(what, async () => {
      const key = freshKey();
      isError(await postSend(on, body, key), 400, "ValidationFailed", paths);
      const fresh = await postSend(on, sendBody(), key);
      assert.equal(fresh.status, 200, "a refused request takes no key");
      assert.equal(fresh.headers.get("idempotent-replayed"), null);
    });
  }
});

test("well-formed sends that cannot be are 404 or 422 with the path", async (t) => {
  const on = await furnished(t);
  for (const [what, body, status, code, paths] of refused) {
    await t.test(what, async () => {
      isError(await postSend(on, body), status, code, paths);
      const items = [{ idempotencyKey: freshKey(), ...body }];
      const answer = await on.api("POST", "/api/v1/emails/batch", { items });
      assert.equal(answer.status, 200, answer.text);
      hasShape("EmailBatch", answer.body);
      const { error } = answer.body.items[0];
      assert.deepEqual([error.errorCode, error.statusCode], [code, status]);
      if (!paths) return;
      assert.deepEqual(error.details.map((row) => row.path), paths.map((one) => `/items/0${one}`));
    });
  }
  await t.test("a sender id that is not the sender of from", async () => {
    const other = await accepted(on, sendBody({ from: "support@example.com" }));
    const body = sendBody({
      from: "receipts@example.com", senderProfileId: other.senderProfileId,
    });
    isError(await postSend(on, body), 422, "InvalidSenderProfile", ["/senderProfileId"]);
    const same = sendBody({ from: "Other name <SUPPORT@example.com>",
      senderProfileId: other.senderProfileId });
    assert.equal((await accepted(on, same)).from.name, "Other name");
  });
});

test("an idempotency key is required, and has a form", async (t) => {
  const on = await engine(t);
  isError(await postSend(on, sendBody(), null), 400, "IdempotencyKeyRequired",
    ["/idempotencyKey"]);
  isError(await postSend(on, sendBody(), "x".repeat(256)), 400, "ValidationFailed",
    ["/idempotencyKey"]);
  isError(await postSend(on, sendBody(), '""'), 400, "ValidationFailed", ["/idempotencyKey"]);
  await accepted(on, sendBody(), "x".repeat(255));
});

test("routes, methods, types and sizes", async (t) => {
  const on = await engine(t);
  const { api } = on;
  const key = { "Idempotency-Key": freshKey() };
  isError(await api("GET", "/api/v1/nothing"), 404, "NotFound");
  isError(await api("GET", "/api/v2/templates"), 404, "NotFound");
  isError(await api("GET", `/api/v1/emails/${nobody}`), 404, "NotFound");
  isError(await api("GET", "/api/v1/emails/123"), 400, "ValidationFailed", ["/id"]);
  isError(await api("GET", `/api/v1/templates/${nobody}`), 404, "NotFound");
  isError(await api("GET", "/api/v1/templates?status=Gone"), 400, "ValidationFailed",
    ["/status/0"]);
  isError(await api("GET", "/api/v1/templates?purpose=Transactionl"), 400, "ValidationFailed",
    ["/purpose"]);
  for (const [method, path, allow] of [
    ["PUT", "/api/v1/emails", /POST/], ["DELETE", `/api/v1/emails/${nobody}`, /GET/],
    ["POST", "/api/v1/status", /GET/],
  ]) {
    const answer = await api(method, path);
    isError(answer, 405, "MethodNotAllowed");
    assert.match(answer.headers.get("allow"), allow);
  }
  const text = { ...key, "content-type": "text/plain" };
  isError(await api("POST", "/api/v1/emails", sendBody(), text), 415, "UnsupportedMediaType");
  const form = { ...key, "content-type": "application/x-www-form-urlencoded" };
  isError(await api("POST", "/api/v1/emails", "a=b", form), 415, "UnsupportedMediaType");
  const charset = { ...key, "content-type": "Application/JSON; charset=UTF-8" };
  assert.equal((await api("POST", "/api/v1/emails", sendBody(), charset)).status, 200);
  const large = sendBody({ data: { x: "x".repeat(1024 * 1024) } });
  isError(await api("POST", "/api/v1/emails", large, key), 413, "PayloadTooLarge");
  const items = many(100, () => ({ idempotencyKey: freshKey(), ...sendBody({
    data: { x: "x".repeat(84 * 1024) } }) }));
  isError(await api("POST", "/api/v1/emails/batch", { items }), 413, "PayloadTooLarge");
});

test("another site's name for this server is refused", async (t) => {
  const on = await engine(t);
  const answer = await new Promise((done, fail) => {
    const headers = { host: "rebound.example", "x-api-key": on.key };
    const asked = httpRequest(`${on.url}/api/v1/status`, { headers }, (response) => {
      response.setEncoding("utf8");
      let body = "";
      response.on("data", (part) => (body += part));
      response.on("end", () => done({ status: response.statusCode, body: JSON.parse(body) }));
    });
    asked.on("error", fail).end();
  });
  assert.equal(answer.status, 403, JSON.stringify(answer));
  assert.equal(answer.body.errorCode, "Misdirected");
});

test("scopes are checked before the body", async (t) => {
  const on = await engine(t);
  const reader = apiOf(on.url, await newKey(on, "reader", ["emails:read"]));
  const answer = await reader("POST", "/api/v1/emails", "{");
  isError(answer, 403, "InsufficientScope");
  assert.deepEqual(answer.body.required, ["emails:write"]);
});

const postBatch = (on, body) => on.api("POST", "/api/v1/emails/batch", body);
const item = (changes = {}) => ({ idempotencyKey: freshKey(), ...sendBody(), ...changes });

// [what, body, paths]: the whole batch is refused.
const batches = [
  ["a list", [item()], [""]],
  ["JSON deeper than 64 levels", { items: [item({ data: deep(62) })] }, undefined],
  ["no items", {}, ["/items"]],
  ["0 items", { items: [] }, ["/items"]],
  ["101 items", { items: many(101, () => item()) }, ["/items"]],
  ["items as an object", { items: { 0: item() } }, ["/items"]],
  ["an unknown top-level field", { items: [item()], item: 1 }, ["/item"]],
  ["defaults as a list", { items: [item()], defaults: [] }, ["/defaults"]],
  ...["profileId", "to", "data", "cc", "bcc", "idempotencyKey", "html"].map((name) => [
    `defaults with ${name}`, { items: [item()], defaults: { [name]: "x" } }, [`/defaults/${name}`],
  ]),
  ["both template references in defaults",
    { items: [item()], defaults: { templateId: receiptTemplate, templateKey: "receipt-default" } },
    ["/defaults/templateKey"]],
  ["a bad address in defaults", { items: [item()], defaults: { from: "nope" } },
    ["/defaults/from"]],
  ["a bad id in defaults", { items: [item()], defaults: { templateId: "x" } },
    ["/defaults/templateId"]],
];

test("a malformed batch is refused as a whole", async (t) => {
  const on = await engine(t);
  for (const [what, body, paths] of batches) {
    await t.test(what, async () => {
      isError(await postBatch(on, body), 400, "ValidationFailed", paths);
    });
  }
});

test("a bad item is Rejected beside Accepted ones, in order", async (t) => {
  const on = await furnished(t);
  const body = { items: [
    item(),
    item({ html: "x" }),
    "no object",
    without(item(), "idempotencyKey"),
    item({ idempotencyKey: 5 }),
    item({ to: { email: "nope" }, cc: ["a@example.com", "b"] }),
    item({ from: "else@example.com" }),
    item({ data: deep(40) }),
    item({ templateId: nobody }),
    item({ to: { email: "last@example.com" } }),
  ] };
  const answer = await postBatch(on, body);
  assert.equal(answer.status, 200, answer.text);
  hasShape("EmailBatch", { ...answer.body, items: answer.body.items.map((one) =>
    (one.idempotencyKey === null ? { ...one, idempotencyKey: "" } : one)) });
  assert.deepEqual([answer.body.total, answer.body.accepted, answer.body.rejected], [10, 2, 8]);
  const seen = answer.body.items.map(({ index, status, error }) =>
    [index, status, error?.errorCode, error?.details?.map((row) => row.path)]);
  assert.deepEqual(seen, [
    [0, "Accepted", undefined, undefined],
    [1, "Rejected", "ValidationFailed", ["/items/1/html"]],
    [2, "Rejected", "ValidationFailed", ["/items/2"]],
    [3, "Rejected", "IdempotencyKeyRequired", ["/items/3/idempotencyKey"]],
    [4, "Rejected", "ValidationFailed", ["/items/4/idempotencyKey"]],
    [5, "Rejected", "ValidationFailed", ["/items/5/to/email", "/items/5/cc/1"]],
    [6, "Rejected", "InvalidSenderProfile", ["/items/6/from"]],
    [7, "Rejected", "ValidationFailed", ["/items/7/data"]],
    [8, "Rejected", "NotFound", ["/items/8/templateId"]],
    [9, "Accepted", undefined, undefined],
  ]);
  assert.equal(answer.body.items[2].idempotencyKey, null);
  assert.equal(answer.body.items[6].idempotencyKey, body.items[6].idempotencyKey);
  const sends = answer.body.items.filter((one) => one.send).map((one) => one.send.id);
  for (const id of sends) assert.equal((await finalSend(on, id)).status, "Sent");
  const none = await postBatch(on, { items: [item({ html: "x" })] });
  assert.deepEqual([none.status, none.body.rejected], [200, 1], "all rejected is still 200");
});

test("an item that gives a slot replaces the default's", async (t) => {
  const on = await engine(t);
  const support = (await accepted(on, sendBody({ from: "support@example.com" }))).senderProfileId;
  const to = { email: "alex@example.com" };
  const defaults = {
    templateId: receiptTemplate, from: "Acme Receipts <receipts@example.com>", subject: "Default",
    replyTo: "support@example.com", tracking: { clicks: false },
  };
  const items = [
    { to },
    { to, templateKey: "password-reset", data: { resetUrl: "https://example.com/r" } },
    { to, senderProfileId: support, subject: "Own" },
    { to, replyTo: null, subject: null },
  ].map((one) => ({ idempotencyKey: freshKey(), ...one }));
  const answer = await postBatch(on, { defaults, items });
  assert.equal(answer.body.accepted, 4, answer.text);
  const sends = answer.body.items.map((one) => one.send);
  assert.deepEqual(sends.map((send) => send.templateId),
    [receiptTemplate, resetTemplate, receiptTemplate, receiptTemplate]);
  assert.deepEqual(sends.map((send) => send.from.email),
    ["receipts", "receipts", "support", "receipts"].map((name) => `${name}@example.com`));
  assert.equal(sends[2].from.name, "Acme Support", "the default's display name is replaced too");
  assert.deepEqual(sends.map((send) => send.subject), ["Default", "Default", "Own", "Default"]);
  assert.deepEqual(sends.map((send) => send.replyTo.email), Array(4).fill("support@example.com"));

  const merged = items.map((one, index) => ({ ...one, tracking: { clicks: false },
    subject: sends[index].subject, replyTo: "support@example.com",
    ...(one.templateKey ? {} : { templateId: receiptTemplate }),
    ...(one.senderProfileId ? {} : { from: defaults.from }) }));
  const moved = await postBatch(on, { items: merged });
  assert.deepEqual(moved.body.items.map((one) => one.send?.id), sends.map((send) => send.id),
    moved.text);
});

test("a key that stands twice in one batch replays or conflicts, in order", async (t) => {
  const on = await engine(t);
  const once = item();
  const answer = await postBatch(on, { items: [once, { ...once }, { ...once, subject: "Else" }] });
  const [first, second, third] = answer.body.items;
  assert.equal(second.send.id, first.send.id, answer.text);
  assert.equal(third.status, "Rejected");
  assert.equal(third.error.errorCode, "IdempotencyConflict");
  assert.deepEqual(third.error.details.map((row) => row.path), ["/items/2/idempotencyKey"]);
});

describe("the subscription gate", () => {
  test("OptIn needs a yes, OptOut only no no", async (t) => {
    const on = await engine(t);
    const groups = await groupIds(on);
    const sendTo = (email, group) =>
      accepted(on, sendBody({ to: { email }, subscriptionGroupId: groups[group] }));
    const expectSkipped = (send) => {
      hasShape("EmailSend", send);
      assert.deepEqual(
        [send.status, send.skippedReason, send.failureReason, send.messageId],
        ["Skipped", "ProfileUnsubscribed", null, null]);
    };
    assert.equal((await sendTo("alex@example.com", "OptIn")).status, "Queued");
    assert.equal((await sendTo("new@example.com", "OptOut")).status, "Queued");
    const skipped = await sendTo("new@example.com", "OptIn");
    expectSkipped(skipped);
    assert.equal(skipped.subscriptionGroupId, groups.OptIn);
    const cli = async (...args) => assert.equal((await on.cli(["groups", ...args])).code, 0);
    await cli("subscribe", "Product updates", "New@example.com");
    assert.equal((await sendTo("new@example.com", "OptIn")).status, "Queued");
    await cli("subscribe", groups.OptOut, "new@example.com", "--unsubscribe");
    expectSkipped(await sendTo("new@example.com", "OptOut"));
    const read = await on.api("GET", `/api/v1/emails/${skipped.id}`);
    delete skipped.missingPaths;
    assert.deepEqual(read.body, skipped, "a skipped send stays as it was");
    assert.equal((await accepted(on, sendBody({ to: { email: "new@example.com" } }))).status,
      "Queued", "without a group there is no gate");
  });
});
