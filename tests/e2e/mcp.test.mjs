// The engine as an AI host sees it: `segmentflow mcp` over stdio, with the engine inside and as a
// bridge to a running server, judged by the official client and ajv.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import { accepted, alex, freshKey, nobody, receiptTemplate, sampleOf, sendBody } from "./demo.mjs";
import {
  binary, dataFolder, engine, freePort, mcpClient, mcpProcess, newKey, run,
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
        assert.deepEqual(result.capabilities, {
          tools: {}, prompts: {},
          resources: mode === "embedded" ? { subscribe: true } : {},
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
      hasShape("EmailBatch", batch);
      assert.deepEqual([batch.accepted, batch.rejected], [1, 1]);
      hasShape("TemplateList", (await call("list_templates", {})).items);
      assert.deepEqual((await call("list_templates", { status: ["Archived"] })).items, []);
      const template = await call("get_template", { id: receiptTemplate });
      assert.equal(template.key, "receipt-default");
      const draft = await call("create_template", { name: "D", definition: { subject: "s" } });
      assert.equal(draft.isComplete, false);
      const { id } = draft;
      await call("update_template", { id, name: "E", ifMatch: draft.etag });
      await call("preview_template", { templateId: receiptTemplate });
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

const lineCount = (text) => text.trimEnd().split("\n").length;

async function endsWithOneLine(env) {
  const done = await run(binary, ["mcp"], { env });
  assert.equal(done.code, 1);
  assert.equal(done.stdout, "", "stdout belongs to the protocol");
  assert.equal(lineCount(done.stderr), 1, done.stderr);
  return done.stderr;
}

test("without a key mcp names folder and command in one line and ends", async (t) => {
  const on = await engine(t);
  const line = await endsWithOneLine(on.env);
  assert.match(line, /SEGMENTFLOW_API_KEY/);
  assert.match(line, /segmentflow keys create/);
  assert.ok(line.includes(on.data), line);
  assert.match(await endsWithOneLine({ SEGMENTFLOW_BASE_URL: on.url }), /SEGMENTFLOW_API_KEY/);
});

test("with a wrong key mcp says so in one line and ends", async (t) => {
  const on = await engine(t);
  const line = await endsWithOneLine({ ...on.env, SEGMENTFLOW_API_KEY: "sk_live_wrong" });
  assert.match(line, /key/i);
  assert.doesNotMatch(line, /sk_live_wrong/, "a secret is never repeated");
});

test("on a folder without data mcp names the folder and the command", async (t) => {
  const folder = await dataFolder(t);
  for (const data of [folder, `${folder}/not/there`]) {
    const env = { SEGMENTFLOW_DATA_DIR: data, SEGMENTFLOW_API_KEY: "sk_live_unknown" };
    const line = await endsWithOneLine(env);
    assert.ok(line.includes(data), line);
    assert.match(line, /segmentflow init/);
  }
});
