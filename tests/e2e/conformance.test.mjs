// The official conformance suite in full, against a server on our MCP library with its fixtures;
// the same fixtures over the other transports with the official client; and the scenarios that need
// no fixture against the product, through a proxy that adds the key.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema,
  LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

import { conformanceServer, engine, eventually, run, start } from "./harness.mjs";

const suiteOf = (name) =>
  fileURLToPath(new URL(`node_modules/${name}/dist/index.js`, import.meta.url));
const legacySuite = suiteOf("conformance-legacy"); // 0.1.16
const suite = suiteOf("@modelcontextprotocol/conformance"); // 0.2.0-alpha.12

async function listening(t) {
  const program = start(t, conformanceServer, ["--listen", "127.0.0.1:0"]);
  return eventually("the server says where it listens", () => program.log().trim());
}

// Runs the suite; gives all checks {scenario, id, status, errorMessage} and the end of its output.
async function checksOf(t, main, url, args) {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const done = await run(process.execPath, [main, "server", "--url", `${url}/mcp`, "-o", folder,
    ...args]);
  const checks = [];
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith("checks.json")) continue;
    const scenario = file.split("/").at(-2).replace(/-20\d\d-\d\d-.*$/, "");
    for (const check of JSON.parse(await readFile(join(folder, file), "utf8"))) {
      checks.push({ scenario, ...check });
    }
  }
  return { code: done.code, checks, told: done.stdout.slice(-3000) };
}

const failuresIn = (checks) => checks
  .filter(({ status }) => !["SUCCESS", "INFO", "SKIPPED"].includes(status))
  .map(({ scenario, id, status, errorMessage }) => `${scenario} ${id} ${status}: ${errorMessage}`);

const scenariosIn = (checks) => new Set(checks.map(({ scenario }) => scenario));

// The suite counts a check of the wire beside the scenario's own; its summary is what it prints.
const total = (told) => Number(/Total: (\d+) passed, 0 failed/.exec(told)?.[1]);

test("0.1.16: every scenario", async (t) => {
  const { code, checks, told } = await checksOf(t, legacySuite, await listening(t),
    ["--suite", "all"]);
  assert.deepEqual(failuresIn(checks), []);
  assert.equal(code, 0, told);
  assert.ok(total(told) >= 44, told);
  assert.equal(scenariosIn(checks).size, 32);
});

test("0.2.0-alpha.12: 2025-11-25", async (t) => {
  const { code, checks, told } = await checksOf(t, suite, await listening(t),
    ["--requirements", "2025-11-25"]);
  assert.deepEqual(failuresIn(checks), []);
  assert.equal(code, 0, told);
  assert.equal(total(told), 84, told);
});

test("0.2.0-alpha.12: 2026-07-28, and what it does not require: tasks, headers, schemas",
  async (t) => {
    const { code, checks, told } = await checksOf(t, suite, await listening(t),
      ["--requirements", "2026-07-28"]);
    assert.deepEqual(failuresIn(checks), []);
    assert.equal(code, 0, told);
    assert.ok(total(told) >= 152 + 42, told);
    const tasks = [...scenariosIn(checks)].filter((name) => name.includes("tasks-"));
    assert.equal(tasks.length, 10);
  });

// --- the fixtures over the transports that the suite does not speak ------------------------------

const about = { name: "conformance", version: "1.0.0" };
const capabilities = { elicitation: {}, sampling: {}, roots: {} };

// A client that answers whatever it is asked.
async function answering(t, transport) {
  const client = new Client(about, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({
    action: "accept",
    content: Object.fromEntries(
      Object.entries(params.requestedSchema.properties).map(([name, { type, enum: values }]) =>
        [name, { boolean: true, number: 1, integer: 1, array: [] }[type] ?? values?.[0] ?? name])),
  }));
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: "m", role: "assistant", content: { type: "text", text: "a model's words" },
  }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///root" }] }));
  t.after(() => client.close());
  await client.connect(transport);
  return client;
}

const transports = {
  stdio: () => new StdioClientTransport({ command: conformanceServer, args: ["--stdio"] }),
  sse: async (t) => new SSEClientTransport(new URL(`${await listening(t)}/sse`)),
  "Streamable HTTP": async (t) =>
    new StreamableHTTPClientTransport(new URL(`${await listening(t)}/mcp`)),
};

const textOf = ({ content }) => content.map(({ text }) => text).join("");

for (const [name, transport] of Object.entries(transports)) {
  test(`fixtures over ${name}: content, logs, progress, questions`, async (t) => {
    const client = await answering(t, await transport(t));
    const call = (tool, args = {}, options) =>
      client.callTool({ name: tool, arguments: args }, undefined, options);
    assert.match(textOf(await call("test_simple_text")), /simple text response/);
    const mixed = await call("test_multiple_content_types");
    assert.deepEqual(mixed.content.map(({ type }) => type), ["text", "image", "resource"]);
    assert.equal((await call("test_error_handling")).isError, true);

    const logs = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) =>
      logs.push(params.data));
    await call("test_tool_with_logging");
    assert.deepEqual(logs, ["Tool execution started", "Tool processing data",
      "Tool execution completed"]);
    const progress = [];
    await call("test_tool_with_progress", {}, {
      onprogress: ({ progress: done, total: all }) => progress.push(`${done}/${all}`),
    });
    assert.deepEqual(progress, ["0/100", "50/100", "100/100"]);

    assert.match(textOf(await call("test_elicitation", { message: "?" })), /"username":"username"/);
    assert.match(textOf(await call("test_sampling", { prompt: "?" })), /a model's words/);
    const three = await call("test_input_required_result_multiple_inputs");
    assert.equal(textOf(three), "Got all of it.");
    assert.equal(textOf(await call("test_input_required_result_multi_round")),
      "name likes color");
    assert.equal(textOf(await call("slow_compute", { seconds: 0.05, label: "it" })),
      "Computed it.");
  });

  test(`fixtures over ${name}: resources, prompts, completion, changes`, async (t) => {
    const client = await answering(t, await transport(t));
    assert.deepEqual((await client.listResources()).resources.map(({ uri }) => uri),
      ["test://static-text", "test://static-binary", "test://watched-resource"]);
    const { contents } = await client.readResource({ uri: "test://template/7/data" });
    assert.equal(JSON.parse(contents[0].text).id, "7");
    await assert.rejects(client.readResource({ uri: "test://nothing" }), /no resource/);
    const prompt = await client.getPrompt({
      name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" },
    });
    assert.match(prompt.messages[0].content.text, /arg1='a', arg2='b'/);
    const { completion } = await client.complete({
      ref: { type: "ref/prompt", name: "test_prompt_with_arguments" },
      argument: { name: "arg1", value: "par" },
    });
    assert.deepEqual(completion.values, ["paris", "park", "party"]);

    const uri = "test://watched-resource";
    const updated = new Promise((done) =>
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
        done(params.uri)));
    await client.subscribeResource({ uri });
    await eventually("the update arrives", async () => {
      await client.callTool({ name: "test_trigger_resource_change", arguments: {} });
      return Promise.race([updated, new Promise((done) => setTimeout(done, 50, ""))]);
    });
    assert.equal(await updated, uri);
  });
}

// --- the product ---------------------------------------------------------------------------------

// Passes requests on with the key, because the suite cannot send one.
async function withKey(t, on) {
  const proxy = createServer((asked, answer) => {
    const headers = { ...asked.headers, authorization: `Bearer ${on.key}` };
    if (/^(localhost|127\.0\.0\.1)(:|$)/.test(headers.host)) headers.host = `127.0.0.1:${on.port}`;
    if (headers.origin === `http://${asked.headers.host}`) {
      headers.origin = `http://127.0.0.1:${on.port}`;
    }
    const passed = httpRequest({ host: "127.0.0.1", port: on.port, path: asked.url,
      method: asked.method, headers }, (given) => {
      answer.writeHead(given.statusCode, given.headers);
      given.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  t.after(() => proxy.close());
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${proxy.address().port}`;
}

const withoutFixtures = {
  "2025-11-25": ["server-initialize", "server-session-lifecycle", "ping", "completion-complete",
    "tools-list", "prompts-list", "resources-list", "server-sse-multiple-streams",
    "dns-rebinding-protection"],
  "2026-07-28": ["tools-list", "prompts-list", "resources-list", "server-sse-multiple-streams",
    "sep-2164-resource-not-found", "dns-rebinding-protection", "http-header-validation"],
};

for (const [revision, scenarios] of Object.entries(withoutFixtures)) {
  test(`the product passes what needs no fixture of ${revision}`, async (t) => {
    const url = await withKey(t, await engine(t));
    for (const scenario of scenarios) {
      const { code, checks, told } = await checksOf(t, suite, url,
        ["--scenario", scenario, "--spec-version", revision]);
      assert.deepEqual(failuresIn(checks), [], scenario);
      assert.equal(code, 0, `${scenario}: ${told}`);
    }
  });
}
