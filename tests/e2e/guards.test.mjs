// Guard-rails of API keys as their owners meet them: over REST, over MCP, and on the command line.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Client as ModernClient, StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

import { finalSend, freshKey, postSend, receiptTemplate, sendBody } from "./demo.mjs";
import { apiOf, engine, eventually, mcpClient, run } from "./harness.mjs";

// A key with these flags of `keys create`, and an api() for it.
async function guarded(on, ...flags) {
  const done = await run(on.executable, ["keys", "create", "--name", "assistant", "--scopes", "all",
    ...flags], { env: on.env });
  assert.equal(done.code, 0, done.stderr);
  const key = done.stdout.trim();
  return { ...on, key, api: apiOf(on.url, key) };
}

const refusedAs = (answer, status, code, path) => {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.errorCode, code);
  if (path) assert.equal(answer.body.details[0].path, path);
};

const sends = async (on) =>
  Number((await on.api("GET", "/metrics")).text.match(/^segmentflow_jobs (\d+)$/m)[1]);

test("recipients, templates and days are limited over REST and MCP alike", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--recipients", "example.com", "--templates", "receipt-default",
    "--sends-per-day", "2");
  const outside = sendBody({ cc: "x@evil.example" });
  refusedAs(await postSend(by, outside), 403, "RecipientNotAllowed", "/cc/0");
  const { client } = await mcpClient(t, by);
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    return { isError: result.isError, ...JSON.parse(result.content[0].text) };
  };
  const refused = await call("send_email", { idempotencyKey: freshKey(), ...outside });
  assert.equal(refused.isError, true);
  assert.equal(refused.errorCode, "RecipientNotAllowed");
  const reset = sendBody({ templateId: undefined, templateKey: "password-reset",
    data: { resetUrl: "https://example.com" } });
  refusedAs(await postSend(by, reset), 403, "TemplateNotAllowed", "/templateKey");

  const key = freshKey();
  assert.equal((await postSend(by, sendBody(), key)).status, 200);
  assert.equal((await postSend(by, sendBody(), key)).status, 200, "a replay is not counted");
  const items = [1, 2].map(() => ({ idempotencyKey: freshKey(), ...sendBody() }));
  const batch = await by.api("POST", "/api/v1/emails/batch", { items });
  assert.deepEqual(batch.body.items.map(({ status }) => status), ["Accepted", "Rejected"]);
  assert.equal(batch.body.items[1].error.errorCode, "DailyLimitReached");
  const over = await postSend(by, sendBody());
  refusedAs(over, 429, "DailyLimitReached");
  assert.ok(Number(over.headers.get("retry-after")) > 0);
  assert.equal((await postSend(on, outside)).status, 200, "other keys are free");
  const listed = await on.cli(["keys", "list"]);
  assert.match(listed.stdout,
    /\[recipients example\.com; templates receipt-default; 2 emails a day\]/);
});

test("a guard that is there and empty is refused, and makes no key", async (t) => {
  const on = await engine(t);
  for (const flag of ["--recipients", "--templates", "--ask-first"]) {
    const done = await run(on.executable, ["keys", "create", "--name", "unset variable",
      "--scopes", "all", flag, ""], { env: on.env });
    assert.notEqual(done.code, 0, flag);
    assert.equal(done.stdout, "");
  }
  assert.doesNotMatch((await on.cli(["keys", "list"])).stdout, /unset variable/);
});

test("callers at once never pass the daily limit", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--sends-per-day", "25");
  const answers = await Promise.all(Array.from({ length: 60 }, () => postSend(by, sendBody())));
  const accepted = answers.filter(({ status }) => status === 200);
  assert.equal(accepted.length, 25);
  assert.ok(answers.every(({ status }) => [200, 429].includes(status)));
});

test("a person approves, or rejects, what an assistant sends", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--ask-first", "human");
  const { client } = await mcpClient(t, by);
  const { structuredContent: waiting } = await client.callTool({ name: "send_email",
    arguments: { idempotencyKey: freshKey(), ...sendBody() } });
  assert.equal(waiting.status, "Queued");
  assert.ok(waiting.approvalId);
  const denied = (await postSend(by, sendBody())).body;
  const list = await on.cli(["approvals", "list"]);
  assert.match(list.stdout, new RegExp(`${waiting.approvalId} +Pending.*assistant +1 +to alex@`));
  assert.equal((await by.api("GET", `/api/v1/emails/${waiting.id}`)).body.approvalId,
    waiting.approvalId);

  const approved = await on.cli(["approvals", "approve", waiting.approvalId]);
  assert.equal(approved.stdout, "1 email approved; due now.\n");
  assert.equal((await finalSend(on, waiting.id)).status, "Sent");
  const rejected = await on.cli(["approvals", "reject", denied.approvalId]);
  assert.equal(rejected.stdout, "1 email rejected; nothing is sent.\n");
  const ended = await finalSend(on, denied.id);
  assert.deepEqual([ended.status, ended.skippedReason], ["Skipped", "AdmissionDenied"]);
  const again = await on.cli(["approvals", "approve", denied.approvalId]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /is Rejected already/);
  const small = await guarded(on, "--ask-first", "human", "--ask-above", "1");
  assert.equal((await postSend(small, sendBody())).body.approvalId, undefined);
});

test("where the client can ask the person, it does, in both eras", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--ask-first", "human");
  let waiting = 0;
  for (const era of ["legacy", "modern"]) {
    const asked = [];
    let answer = { action: "accept", content: { send: true } };
    const client = era === "legacy"
      ? new Client({ name: "e2e", version: "1" }, { capabilities: { elicitation: {} } })
      : new ModernClient({ name: "e2e", version: "1" }, {
        capabilities: { elicitation: {} }, versionNegotiation: { mode: { pin: "2026-07-28" } } });
    const handler = ({ params }) => {
      asked.push(params.message);
      if (answer === null) throw new Error("nobody can be asked here");
      return answer;
    };
    const what = era === "legacy" ? ElicitRequestSchema : "elicitation/create";
    client.setRequestHandler(what, handler);
    const transport = era === "legacy" ? StreamableHTTPClientTransport : ModernTransport;
    t.after(() => client.close());
    await client.connect(new transport(new URL(`${on.url}/mcp`),
      { requestInit: { headers: { authorization: `Bearer ${by.key}` } } }));
    const send = async () => client.callTool({ name: "send_email",
      arguments: { idempotencyKey: freshKey(), ...sendBody() } });
    const sent = await send();
    assert.ok(!sent.isError, JSON.stringify(sent));
    assert.equal(sent.structuredContent.approvalId, undefined);
    assert.equal((await finalSend(on, sent.structuredContent.id)).status, "Sent", era);
    assert.match(asked[0], /wants to send an email.*To alex@example\.com: "Receipt for order/s);
    for (const no of [{ action: "decline" }, { action: "accept", content: { send: false } }]) {
      answer = no;
      const refused = await send();
      assert.equal(refused.isError, true);
      assert.match(refused.content[0].text, /did not approve/);
    }
    // A host where nobody sits answers for them: the email waits.
    for (const nobody of era === "legacy" ? [{ action: "cancel" }, null] : [{ action: "cancel" }]) {
      answer = nobody;
      const waits = await send();
      waiting += 1;
      assert.ok(!waits.isError, JSON.stringify(waits));
      assert.equal(waits.structuredContent.status, "Queued");
      assert.ok(waits.structuredContent.approvalId, era);
    }
    answer = { action: "decline" };
    // What a person sees is what would happen, wherever it stands in the arguments.
    await client.callTool({ name: "send_email", arguments: { idempotencyKey: freshKey(),
      ...sendBody({ data: { orderId: "o".repeat(2_000) } }), subject: "a\u202Eb",
      cc: ["Ann <ann@example.org>"], bcc: "hidden@example.net" } });
    assert.match(asked.at(-1),
      /To alex@example\.com; cc "Ann" <ann@example\.org>; bcc hidden@example\.net: "ab"/);
    assert.match(asked.at(-1), /\n {2}data \{"orderId":"o{2000}"\}/);
    await client.callTool({ name: "batch_send", arguments: { defaults: {
      templateKey: "receipt-default" }, items: ["a", "b"].map((name) => ({
      idempotencyKey: freshKey(), to: { email: `${name}@example.com` }, data: { orderId: "1" },
    })) } });
    assert.match(asked.at(-1), /wants to send 2 emails.*To a@example\.com.*To b@example\.com/s);
    const before = asked.length;
    const wrong = await client.callTool({ name: "send_email",
      arguments: { idempotencyKey: freshKey(), ...sendBody(), to: { email: "no address" } } });
    assert.equal(wrong.isError, true);
    assert.equal(asked.length, before, "nobody is asked about what would be refused");
    const tried = await client.callTool({ name: "send_email",
      arguments: { idempotencyKey: freshKey(), ...sendBody(), dryRun: true } });
    assert.ok(!tried.isError);
    assert.equal(asked.length, before, "a dry run asks nobody");
  }
  assert.equal(await sends(on), waiting);
  const audit = await eventually("the refusals are written", async () => {
    const { stdout } = await on.cli(["audit", "--key", "assistant"]);
    return /emails\.batchSend +Conflict \(declined\)/.test(stdout) && stdout;
  });
  assert.match(audit, /emails\.send +ok \(approved\)/);
});

test("an operator's approval is asked for on the command line only", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--ask-first", "operator");
  const client = new Client({ name: "e2e", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, () => assert.fail("the client is not asked"));
  t.after(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(new URL(`${on.url}/mcp`),
    { requestInit: { headers: { authorization: `Bearer ${by.key}` } } }));
  const { structuredContent: waiting } = await client.callTool({ name: "send_email",
    arguments: { idempotencyKey: freshKey(), ...sendBody(), bcc: ["hidden@example.net"] } });
  assert.ok(waiting.approvalId);
  const shown = await on.cli(["approvals", "show", waiting.approvalId]);
  assert.match(shown.stdout,
    /^To alex@example\.com; bcc hidden@example\.net: "Receipt for order ord_1", from /);
  const missing = await on.cli(["approvals", "show", waiting.id]);
  assert.match(missing.stderr, /There is no approval/);
  const tried = await postSend(by, sendBody({ dryRun: true }));
  assert.equal(tried.body.approvalId, undefined, "a dry run makes no approval");
  const key = freshKey();
  const { approvalId } = (await postSend(by, sendBody(), key)).body;
  await postSend(by, sendBody(), key);
  const audit = await eventually("the replay is noted", async () => {
    const { stdout } = await on.cli(["audit", "--key", "assistant"]);
    return /emails\.send +ok {25,}[0-9a-f]/.test(stdout) && stdout; // neither dry nor waiting
  });
  assert.equal(audit.split(approvalId).length - 1, 1, "by the call that made the send");
  assert.equal(audit.match(/emails\.send +ok \(waits\)/g).length, 2);
});

test("two keys of one name are told apart by their ids", async (t) => {
  const on = await engine(t);
  await guarded(on);
  await guarded(on);
  const done = await on.cli(["audit", "--key", "assistant"]);
  assert.equal(done.code, 1);
  assert.match(done.stderr, /2 API keys are called "assistant"/);
});

test("a template that a key may send cannot be one that looks like its id", async (t) => {
  const on = await engine(t);
  const copy = await on.api("POST", `/api/v1/templates/${receiptTemplate}/duplicate`,
    { key: receiptTemplate });
  refusedAs(copy, 400, "ValidationFailed", "/key");
  const done = await on.cli(["keys", "create", "--name", "w", "--scopes", "all", "--templates",
    "receipt-default"]);
  assert.match(done.stderr, /can change the templates that it may send/);
});

test("a key that confirms by itself repeats the very same call", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--ask-first", "self-confirm");
  const key = freshKey();
  const asked = await postSend(by, sendBody(), key);
  refusedAs(asked, 409, "ConfirmationRequired", "/confirmationToken");
  const [, confirmationToken] = /confirmationToken "([^"]+)"/.exec(asked.body.message);
  const other = sendBody({ to: { email: "bob@example.com" }, confirmationToken });
  refusedAs(await postSend(by, other, key), 409, "ConfirmationRequired");
  const stranger = await guarded(on, "--ask-first", "self-confirm");
  refusedAs(await postSend(stranger, sendBody({ confirmationToken }), key), 409,
    "ConfirmationRequired");
  const late = confirmationToken.replace(/^\d+/, (until) => String(Number(until) + 600));
  refusedAs(await postSend(by, sendBody({ confirmationToken: late }), key), 409,
    "ConfirmationRequired");
  const sent = await postSend(by, sendBody({ confirmationToken }), key);
  assert.equal(sent.status, 200, sent.text);
  const replay = await postSend(on, sendBody(), key);
  assert.equal(replay.body.id, sent.body.id, "the token is no part of the request");
});

test("a dry run of each operation that writes changes nothing", async (t) => {
  const on = await engine(t);
  const api = (method, path, body) => on.api(method, `/api/v1${path}`, body);
  const before = (await api("GET", "/templates")).body;
  const { id } = before.find(({ key }) => key === "receipt-default");
  const definition = { subject: "x", body: { root: "h", elements: {} } };
  const tries = [
    ["POST", "/templates", { name: "new", purpose: "Transactional", definition, dryRun: true }],
    ["PUT", `/templates/${id}`, { name: "other", dryRun: true }],
    ["POST", `/templates/${id}/duplicate`, { dryRun: true }],
    ["POST", `/templates/${id}/archive?dryRun=true`],
    ["DELETE", `/templates/${id}?dryRun=true`],
  ];
  for (const [method, path, body] of tries) {
    const answer = await api(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
  }
  assert.deepEqual((await api("GET", "/templates")).body, before);
  const key = freshKey();
  const tried = await postSend(on, sendBody({ dryRun: true }), key);
  assert.equal(tried.status, 200, tried.text);
  assert.equal(tried.body.status, "Queued");
  assert.deepEqual([tried.body.dryRun, tried.body.id], [true, undefined]);
  const batch = await api("POST", "/emails/batch", { dryRun: true, items: [
    { idempotencyKey: freshKey(), ...sendBody() }, { idempotencyKey: freshKey() }] });
  assert.deepEqual(batch.body.items.map(({ status }) => status), ["Accepted", "Rejected"]);
  assert.equal(await sends(on), 0);
  const real = await postSend(on, sendBody({ to: { email: "bob@example.com" } }), key);
  assert.equal(real.status, 200, "the idempotency key is still free");
  refusedAs(await postSend(on, sendBody({ dryRun: "maybe" })), 400, "ValidationFailed", "/dryRun");
  const { client } = await mcpClient(t, on);
  const { structuredContent } = await client.callTool({ name: "duplicate_template",
    arguments: { id, dryRun: true } });
  assert.deepEqual([structuredContent.dryRun, structuredContent.id], [true, undefined]);
  assert.deepEqual((await api("GET", "/templates")).body, before);
});

test("each call of a key is in the audit log, without what it said", async (t) => {
  const on = await engine(t);
  const by = await guarded(on, "--recipients", "example.com");
  await postSend(by, sendBody({ subject: "a secret word" }));
  await postSend(by, sendBody({ to: { email: "x@evil.example" } }));
  await by.api("GET", "/api/v1/templates");
  await postSend(by, sendBody({ dryRun: true }));
  const { client } = await mcpClient(t, by);
  await client.callTool({ name: "get_status", arguments: {} });
  const audit = await eventually("the entries are written", async () => {
    const done = await on.cli(["audit", "--key", "assistant", "--since", "1h"]);
    return done.stdout.trim().split("\n").length >= 6 && done;
  });
  const rows = audit.stdout.trim().split("\n").slice(1).reverse();
  const parts = rows.map((row) => row.split(/ {2,}/).slice(2, 5).join(" "));
  assert.deepEqual(parts.slice(0, 3), ["rest emails.send ok",
    "rest emails.send RecipientNotAllowed", "rest templates.list ok"]);
  assert.match(rows[3], /emails\.send +ok +dry/);
  assert.match(rows[4], /mcp +status +ok/);
  assert.doesNotMatch(audit.stdout, /secret word|evil\.example/);
});
