// The engine as an AI host sees it: `segmentflow mcp` over stdio, with the engine inside and as a
// bridge to a running server, judged by the official client and ajv.
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Tiktoken } from "js-tiktoken/lite";
import o200k from "js-tiktoken/ranks/o200k_base";

import { databaseSettings } from "./database.mjs";
import { accepted, alex, freshKey, nobody, receiptTemplate, sampleOf, sendBody } from "./demo.mjs";
import {
  binary, dataFolder, engine, eventually, freePort, mcpClient, mcpProcess, newKey, run, start,
} from "./harness.mjs";
import { hasShape } from "./shapes.mjs";

const allTools = [
  "archive_template", "batch_send", "create_template", "delete_template",
  "describe_template_format", "duplicate_template", "get_email", "get_status", "get_template",
  "list_templates", "preview_template", "send_email", "unarchive_template", "update_template",
];
const templatesRead = [
  "describe_template_format", "get_template", "list_templates", "preview_template",
];
const revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const tokenizer = new Tiktoken(o200k);
const countTokens = (text) => tokenizer.encode(text).length;
const END_MS_MAX = 5_000; // hosts kill a server that outlives its input longer

// Both ways to be an MCP server; the bridge is given no data folder, so it cannot peek.
const modes = {
  embedded: () => ({}),
  bridge: (on) => ({ SEGMENTFLOW_BASE_URL: on.url, SEGMENTFLOW_DATA_DIR: "" }),
};
const modeNames = Object.keys(modes);

const clientIn = (mode, t, on, key) => mcpClient(t, on, { key, settings: modes[mode](on) });
const processIn = (mode, t, on) => mcpProcess(t, on, { settings: modes[mode](on) });

const hello = (protocolVersion) => ({
  protocolVersion,
  capabilities: {},
  clientInfo: { name: "segmentflow-e2e", version: "1.0.0" },
});

// Everything that came on stdout is one JSON-RPC message a line.
function isPureProtocol(server) {
  for (const line of server.lines) assert.equal(JSON.parse(line).jsonrpc, "2.0", line);
  assert.equal(server.rest(), "", "the last line is whole");
}

async function endsInTime(server) {
  const from = Date.now();
  assert.deepEqual(await server.endInput(), { code: 0, signal: null }, server.log());
  assert.ok(Date.now() - from < END_MS_MAX, `ended ${Date.now() - from} ms after its input`);
}

const errorOf = (result) => {
  assert.equal(result.isError, true, JSON.stringify(result));
  assert.equal(result.structuredContent, undefined);
  assert.equal(result.content.length, 1);
  return JSON.parse(result.content[0].text);
};

for (const mode of modeNames) {
  describe(mode, () => {
    test("each revision is spoken as published", async (t) => {
      const on = await engine(t);
      for (const revision of revisions) {
        const server = processIn(mode, t, on);
        const { result } = await server.request("initialize", hello(revision));
        assert.equal(result.protocolVersion, revision);
        const changes = { listChanged: true };
        assert.deepEqual(result.capabilities, {
          tools: changes, prompts: changes,
          resources: mode === "embedded" ? { subscribe: true, ...changes } : changes,
          ...(revision >= "2025-03-26" ? { completions: {} } : {}),
        });
        assert.equal(result.serverInfo.name, "segmentflow");
        assert.equal("title" in result.serverInfo, revision >= "2025-06-18");
        assert.match(result.instructions, /idempotencyKey/);
        server.notify("notifications/initialized");
        assert.deepEqual((await server.request("ping")).result, {});
        const { tools } = (await server.request("tools/list")).result;
        assert.deepEqual(tools.map((tool) => tool.name).sort(), allTools);
        for (const tool of tools) {
          assert.equal("annotations" in tool, revision >= "2025-03-26", revision);
          assert.equal("title" in tool, revision >= "2025-06-18", revision);
          assert.equal("outputSchema" in tool, revision >= "2025-06-18", revision);
        }
        const call = await server.request("tools/call", { name: "get_status", arguments: {} });
        assert.equal("structuredContent" in call.result, revision >= "2025-06-18");
        assert.equal(JSON.parse(call.result.content[0].text).delivery.mode, "Capture");
        await endsInTime(server);
        isPureProtocol(server);
      }
    });

    test("a revision nobody knows is answered with the latest one spoken", async (t) => {
      const server = processIn(mode, t, await engine(t));
      const { result } = await server.request("initialize", hello("2099-01-01"));
      assert.equal(result.protocolVersion, revisions.at(-1));
    });

    test("a key sees the tools of its scopes only", async (t) => {
      const on = await engine(t);
      const expected = {
        "emails:write": ["batch_send", "get_status", "send_email"],
        "emails:read": ["get_email", "get_status"],
        "templates:read": ["get_status", ...templatesRead].sort(),
        "templates:write": [
          "archive_template", "create_template", "delete_template", "duplicate_template",
          "get_status", "unarchive_template", "update_template",
        ],
        "profiles:read": ["get_status"],
        "emails:read,templates:read": ["get_email", "get_status", ...templatesRead].sort(),
      };
      for (const [scopes, names] of Object.entries(expected)) {
        const key = await newKey(on, scopes, scopes.split(","));
        const { client } = await clientIn(mode, t, on, key);
        const { tools } = await client.listTools();
        assert.deepEqual(tools.map((tool) => tool.name).sort(), names, scopes);
        await client.close();
      }
    });

    test("every tool answers what its schema declares, and as text too", async (t) => {
      const on = await engine(t);
      const { client } = await clientIn(mode, t, on);
      const { tools } = await client.listTools();
      const ajv = addFormats(new Ajv({ allErrors: true, strict: true }));
      const called = new Set();
      const call = async (name, args) => {
        called.add(name);
        const result = await client.callTool({ name, arguments: args });
        assert.ok(!result.isError, JSON.stringify(result));
        const schema = tools.find((tool) => tool.name === name).outputSchema;
        const check = ajv.compile(schema);
        assert.ok(check(result.structuredContent), `${name}: ${ajv.errorsText(check.errors)}`);
        assert.ok(result.content.slice(1).every(({ text }) => /Third parties wrote/.test(text)));
        assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent, name);
        return result.structuredContent;
      };
      const send = await call("send_email", { idempotencyKey: freshKey(), ...sendBody() });
      hasShape("EmailSend", send);
      hasShape("EmailSend", await call("get_email", { id: send.id }));
      const batch = await call("batch_send", {
        defaults: { templateId: receiptTemplate },
        items: [
          { idempotencyKey: freshKey(), to: { email: "alex@example.com" } },
          { idempotencyKey: freshKey(), profileId: nobody },
        ],
      });
      assert.deepEqual([batch.total, batch.accepted, batch.rejected], [2, 1, 1]);
      const [{ send: first }, { error }] = batch.items;
      const missingPaths = ["/data/billingAddress", "/data/discount"];
      assert.deepEqual(first,
        { id: first.id, status: "Queued", to: { email: "alex@example.com" }, missingPaths });
      assert.equal(error.errorCode, "NotFound");
      hasShape("TemplateList", (await call("list_templates", {})).items);
      assert.deepEqual((await call("list_templates", { status: ["Archived"] })).items, []);
      const template = await call("get_template", { id: receiptTemplate });
      assert.equal(template.key, "receipt-default");
      const dry = await call("create_template",
        { name: "D", definition: { subject: "s" }, dryRun: true });
      assert.deepEqual([dry.dryRun, dry.id], [true, undefined]);
      const draft = await call("create_template",
        { name: "D", key: "d", definition: { subject: "s" }, language: null, dryRun: null });
      assert.equal(draft.isComplete, false);
      const { id } = draft;
      const kept = await call("update_template",
        { id: "d", name: "E", ifMatch: draft.etag, key: null, senderProfileId: null });
      assert.deepEqual([kept.id, kept.key], [id, "d"]);
      assert.equal((await call("update_template", { id, clear: ["key"] })).key, null);
      await call("preview_template", { templateKey: "receipt-default" });
      await call("describe_template_format", {});
      const copy = await call("duplicate_template", { id });
      await call("archive_template", { id });
      await call("unarchive_template", { id });
      await call("delete_template", { id: copy.id });
      const status = await call("get_status", {});
      assert.equal(status.organization.name, "Acme (demo)");
      assert.ok(status.scopes.includes("emails:write"));
      assert.deepEqual([...called].sort(), allTools);
    });

    test("a refused call is a tool error that says how to mend it", async (t) => {
      const on = await engine(t);
      const { client } = await clientIn(mode, t, on);
      const refused = async (name, args) =>
        errorOf(await client.callTool({ name, arguments: args }));
      const used = freshKey();
      await accepted(on, sendBody(), used);

      const conflict = await refused("send_email",
        { idempotencyKey: used, ...sendBody({ subject: "Another" }) });
      assert.equal(conflict.errorCode, "IdempotencyConflict");
      assert.equal(conflict.error, "idempotency_conflict");
      assert.equal(conflict.statusCode, 409);
      assert.deepEqual(conflict.details.map((row) => row.path), ["/idempotencyKey"]);

      const keyless = await refused("send_email", sendBody());
      assert.equal(keyless.errorCode, "IdempotencyKeyRequired");
      const typo = await refused("send_email", { idempotencyKey: "k", ...sendBody(), subjct: "x" });
      assert.equal(typo.errorCode, "ValidationFailed");
      assert.equal(typo.details[0].path, "/subjct");
      assert.match(typo.details[0].message, /subject/);
      const missing = await refused("get_email", { id: nobody });
      assert.equal(missing.errorCode, "NotFound");
      for (const [name, args] of [["get_status", { x: 1 }], ["get_email", { id: alex, ID: "x" }]]) {
        assert.equal((await refused(name, args)).errorCode, "ValidationFailed", name);
      }
      assert.equal((await refused("get_email", { id: 5 })).details[0].path, "/id");
      assert.equal((await refused("get_email", {})).details[0].path, "/id");
      const numeric = await refused("send_email", { idempotencyKey: 5, ...sendBody() });
      assert.equal(numeric.details[0].path, "/idempotencyKey");
      await assert.rejects(
        client.callTool({ name: "send_emial", arguments: {} }), /Unknown tool.*send_email/);
    });

    test("a tool and a route are the same operation, whatever the key looks like", async (t) => {
      const on = await engine(t);
      const { client } = await clientIn(mode, t, on);
      const keys = ["plain", '"quoted"', 'inner "quotes"', 'back\\slash"', "Straße:1", '"'];
      for (const idempotencyKey of keys) {
        const once = await client.callTool({
          name: "send_email", arguments: { idempotencyKey, ...sendBody() },
        });
        assert.ok(!once.isError, JSON.stringify(once));
        const items = [{ idempotencyKey, ...sendBody() }];
        const twice = await on.api("POST", "/api/v1/emails/batch", { items });
        assert.equal(twice.body.items[0].send?.id, once.structuredContent.id,
          `${idempotencyKey}: ${twice.text}`);
      }
    });

    test("calls in flight are answered when the input ends, and nothing else is printed",
      async (t) => {
        const on = await engine(t);
        const server = processIn(mode, t, on);
        await server.request("initialize", hello("2025-11-25"));
        server.notify("notifications/initialized");
        const count = 20;
        for (let i = 0; i < count; i += 1) {
          const args = { idempotencyKey: `flight:${i}`, ...sendBody() };
          const params = { name: "send_email", arguments: args };
          const message = { jsonrpc: "2.0", id: `f${i}`, method: "tools/call", params };
          server.write(`${JSON.stringify(message)}\n`);
        }
        await endsInTime(server);
        isPureProtocol(server);
        const answers = server.lines.map((line) => JSON.parse(line)).slice(1);
        assert.equal(answers.length, count);
        for (const { id, result } of answers) assert.ok(!result.isError, `${id}`);
      });

    test("broken lines get JSON-RPC errors and harm no later call", async (t) => {
      const server = processIn(mode, t, await engine(t));
      await server.request("initialize", hello("2025-11-25"));
      server.write("this is no JSON\n");
      server.write('{"jsonrpc":"2.0","id":"d","method":"ping","method":"ping"}\n');
      server.write("[]\n");
      assert.deepEqual((await server.request("ping")).result, {});
      const codes = server.lines.map((line) => JSON.parse(line).error?.code).filter(Boolean);
      assert.equal(codes[0], -32700);
      assert.equal(codes.length, 3, server.lines.join("\n"));
      assert.equal((await server.request("no/such")).error.code, -32601);
      isPureProtocol(server);
    });
  });
}

test("a bridge whose server is gone says so in the result", async (t) => {
  const on = await engine(t);
  const settings = { SEGMENTFLOW_BASE_URL: `http://127.0.0.1:${await freePort()}` };
  const { client } = await mcpClient(t, on, { settings });
  const error = errorOf(await client.callTool({ name: "get_status", arguments: {} }));
  assert.equal(error.errorCode, "NotReady");
});

// What get_status says of a server that offers nothing else.
async function lame(t, on, { key = "", settings = {} }) {
  const { client } = await mcpClient(t, on, { key, settings });
  assert.match(client.getInstructions(), /get_status/);
  const names = (await client.listTools()).tools.map(({ name }) => name);
  assert.deepEqual(names, ["get_status"]);
  const error = errorOf(await client.callTool({ name: "get_status", arguments: {} }));
  return { client, ...error };
}

test("what is wrong at the start is what get_status says, and the host is answered", async (t) => {
  const on = await engine(t);
  const none = await lame(t, on, {});
  assert.match(none.message, /SEGMENTFLOW_API_KEY is not set.*segmentflow keys create/);
  assert.ok(none.message.includes(on.data), none.message);
  assert.match((await lame(t, on, { settings: modes.bridge(on) })).message, /SEGMENTFLOW_API_KEY/);
  for (const mode of modeNames) {
    const wrong = await lame(t, on, { key: "sk_live_typo", settings: modes[mode](on) });
    assert.equal(wrong.errorCode, "Unauthorized");
    assert.match(wrong.message, /unknown or revoked.*segmentflow keys create/);
    assert.doesNotMatch(wrong.message, /sk_live_typo/, "a secret is never repeated");
  }
  const done = await run(binary, ["mcp", "--print-tools-digest"], { env: on.env });
  assert.equal(done.code, 1);
  assert.equal(done.stdout, "");
  await rename(join(on.data, "secret"), join(on.data, "secret.away"));
  assert.match((await lame(t, on, { key: on.key })).message, /secret is missing.*Restore/);
});

test("an installation that comes later is found, and the host is told", async (t) => {
  const data = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: data, ...(await databaseSettings(data)) };
  const { client, message } = await lame(t, { executable: binary, env }, { key: "sk_live_later" });
  assert.match(message, /segmentflow init|There is no Segmentflow installation/);
  assert.equal((await run(binary, ["init", "--demo"], { env })).code, 0);
  const later = await eventually("the folder is opened", async () => {
    const said = errorOf(await client.callTool({ name: "get_status", arguments: {} }));
    return said.errorCode === "Unauthorized" && said;
  });
  assert.match(later.message, /unknown or revoked/); // nobody has made this key
});

test("a bridge that is started before its server tells when it is there", async (t) => {
  const on = await engine(t);
  await on.program.kill();
  const settings = { ...modes.bridge(on) };
  const { client, errorCode } = await lame(t, on, { key: on.key, settings });
  assert.equal(errorCode, "NotReady");
  let told = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => (told += 1));
  const args = ["serve", "--listen", `127.0.0.1:${on.port}`];
  const again = start(t, on.executable, args, { env: on.env });
  await eventually("the host is told", () => told > 0);
  assert.deepEqual((await client.listTools()).tools.map(({ name }) => name).sort(), allTools);
  await again.kill();
  // While it is away its tools stay, and a call says so.
  assert.equal((await client.listTools()).tools.length, allTools.length);
  const away = errorOf(await client.callTool({ name: "get_status", arguments: {} }));
  assert.equal(away.errorCode, "NotReady");
});

test("answers stay within what hosts take", async (t) => {
  const on = await engine(t);
  const { client } = await mcpClient(t, on);
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    assert.ok(!result.isError, JSON.stringify(result).slice(0, 500));
    const tokens = countTokens(JSON.stringify(result.structuredContent));
    t.diagnostic(`${tokens} tokens of ${name}`);
    assert.ok(tokens <= 25_000, `${name}: ${tokens}`);
    return result.structuredContent;
  };
  const items = Array.from({ length: 100 }, (_, i) => ({
    idempotencyKey: `order-confirmation:ord_${10_000 + i}`, to: { email: `c${i}@example.com` },
  }));
  const good = await call("batch_send", { defaults: { templateId: receiptTemplate }, items });
  assert.equal(good.items.length, 100);
  assert.ok(good.items.every(({ send }) => send.id && send.status === "Queued"));
  assert.equal(good.truncated, undefined);
  const odd = items.map((item, i) => ({ ...item, ["n".repeat(200)]: i, ["m".repeat(200)]: i }));
  const bad = await call("batch_send", { defaults: { templateId: receiptTemplate }, items: odd });
  assert.equal(bad.rejected, 100);
  assert.match(bad.items[0].error.message, /not a known field/);
  const definition = { subject: "s", body: { root: "h", elements: {
    h: { type: "Html", props: {}, children: [] } } } };
  for (let i = 0; i < 1_000; i += 1) {
    definition.body.elements[`t${i}`] = { type: "Text", props: { text: `Text ${i} 世界` } };
    definition.body.elements.h.children.push(`t${i}`);
  }
  for (let i = 0; i < 120; i += 1) {
    await on.api("POST", "/api/v1/templates", { name: `Template ${i}`, definition: {} });
  }
  await call("create_template", { name: "Long", key: "long", definition });
  const long = await call("get_template", { id: "long" });
  assert.match(long.truncated[0], /^\/definition\/body\/elements/);
  const page = await call("preview_template", { templateId: "long" });
  assert.match(page.truncated.join(), /\/html: \d+ of \d+ bytes/);
  const names = new Set();
  let cursor;
  do {
    const list = await call("list_templates", { limit: null, cursor });
    assert.ok(list.items.length <= 50);
    for (const { id } of list.items) names.add(id);
    cursor = list.nextCursor;
  } while (cursor);
  const all = await on.api("GET", "/api/v1/templates");
  assert.equal(names.size, all.body.length, "every template once");
});
