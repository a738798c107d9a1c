// The engine as an AI host sees it: `segmentflow mcp` over stdio, judged by the official client.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { apiOf, binary, dataFolder, engine, mcpClient, newKey, run } from "./harness.mjs";
import { hasShape } from "./shapes.mjs";

const sample = JSON.parse(
  await readFile(new URL("samples/000-01-send-one.json", import.meta.url), "utf8"),
);
const idempotencyKey = sample.headers["Idempotency-Key"];

test("tools are described for a model", async (t) => {
  const { client } = await mcpClient(t, await engine(t));
  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  for (const name of ["emails_send", "emails_batch_send", "emails_retrieve", "templates_list"]) {
    assert.ok(names.includes(name), `no ${name} among ${names.join(", ")}`);
  }
  for (const tool of tools) {
    assert.match(tool.name, /^[a-z][a-z0-9_]{0,39}$/);
    assert.ok(tool.description?.length > 20, `${tool.name} has a description`);
    assert.equal(tool.inputSchema.type, "object");
    for (const [field, schema] of Object.entries(tool.inputSchema.properties ?? {})) {
      assert.ok(schema.description, `${tool.name}: ${field} is described`);
    }
  }
});

test("a tool and a route are the same operation", async (t) => {
  const on = await engine(t);
  const { client } = await mcpClient(t, on);
  const result = await client.callTool({
    name: "emails_send",
    arguments: { ...sample.body, idempotencyKey },
  });
  assert.ok(!result.isError, JSON.stringify(result));
  hasShape("EmailSend", result.structuredContent);
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  const { id } = result.structuredContent;

  const replay = await on.api("POST", "/api/v1/emails", sample.body, sample.headers);
  assert.equal(replay.status, 200, replay.text);
  assert.equal(replay.body.id, id);
  assert.equal(replay.headers.get("idempotent-replayed"), "true");

  const conflict = await client.callTool({
    name: "emails_send",
    arguments: { ...sample.body, subject: "Another", idempotencyKey },
  });
  assert.equal(conflict.isError, true);
  assert.equal(conflict.structuredContent, undefined);
  assert.equal(JSON.parse(conflict.content[0].text).errorCode, "IdempotencyConflict");
});

test("a key without the scope sends neither over REST nor over MCP", async (t) => {
  const on = await engine(t);
  const key = await newKey(on, "reader", ["templates:read"]);
  const send = await apiOf(on.url, key)("POST", "/api/v1/emails", sample.body, sample.headers);
  assert.equal(send.status, 403, send.text);
  assert.equal(send.body.errorCode, "InsufficientScope");
  assert.deepEqual(send.body.required, ["emails:write"]);

  const { client } = await mcpClient(t, on, { key });
  const call = { name: "emails_send", arguments: { ...sample.body, idempotencyKey } };
  // A tool the key may not use is either not offered, or answers with the same error.
  const result = await client.callTool(call).catch(() => undefined);
  if (result) assert.match(result.content[0].text, /InsufficientScope/);
  assert.ok(!result || result.isError);

  const fresh = await on.api("POST", "/api/v1/emails", sample.body, sample.headers);
  assert.equal(fresh.headers.get("idempotent-replayed"), null, "no refused request took the key");
});

const lineCount = (text) => text.trimEnd().split("\n").length;

test("without a key mcp says so in one line and ends", async (t) => {
  const on = await engine(t);
  const done = await run(on.executable, ["mcp"], { env: on.env });
  assert.equal(done.code, 1);
  assert.equal(done.stdout, "", "stdout belongs to the protocol");
  assert.equal(lineCount(done.stderr), 1, done.stderr);
  assert.match(done.stderr, /SEGMENTFLOW_API_KEY|keys create/);
});

test("on a folder without data mcp names the folder and the command", async (t) => {
  const folder = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: folder, SEGMENTFLOW_API_KEY: "sk_live_unknown" };
  const done = await run(binary, ["mcp"], { env });
  assert.equal(done.code, 1);
  assert.equal(done.stdout, "");
  assert.equal(lineCount(done.stderr), 1, done.stderr);
  assert.ok(done.stderr.includes(folder), done.stderr);
  assert.match(done.stderr, /segmentflow init/);
});
