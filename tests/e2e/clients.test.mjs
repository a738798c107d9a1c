// The official SDK clients, 1.x and 2.x, and the Inspector, over every transport that they speak.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as modern from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { finalSend, freshKey, nobody, sampleOf, sendBody } from "./demo.mjs";
import { engine, environment, run } from "./harness.mjs";
import { hasShape } from "./shapes.mjs";

const about = { name: "segmentflow-e2e", version: "1.0.0" };
const sdk2 = (mode) => () => new modern.Client(about, { versionNegotiation: { mode } });
const clients = {
  "1.x": () => new Client(about),
  "2.x in the legacy era": sdk2("legacy"),
  "2.x in the modern era": sdk2({ pin: "2026-07-28" }),
  "2.x by itself": sdk2("auto"),
};

const program = (on) => ({
  command: on.executable, args: ["mcp"],
  env: environment({ ...on.env, SEGMENTFLOW_API_KEY: on.key }), stderr: "ignore",
});
const authorization = (on) => ({ authorization: `Bearer ${on.key}` });
const withKey = (on) => ({
  requestInit: { headers: authorization(on) },
  eventSourceInit: {
    fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, ...authorization(on) } }),
  },
});
const transports = {
  stdio: (on, is1) => new (is1 ? StdioClientTransport : ModernStdio)(program(on)),
  "Streamable HTTP": (on, is1) =>
    new (is1 ? StreamableHTTPClientTransport : modern.StreamableHTTPClientTransport)(
      new URL(`${on.url}/mcp`), withKey(on)),
  sse: (on, is1) => new (is1 ? SSEClientTransport : modern.SSEClientTransport)(
    new URL(`${on.url}/sse`), withKey(on)),
};

for (const [name, make] of Object.entries(clients)) {
  for (const [way, transport] of Object.entries(transports)) {
    if (way === "sse" && name === "2.x in the modern era") continue; // ended with 2024-11-05
    test(`SDK ${name} over ${way}: tools, resources, prompts, completion`, async (t) => {
      const on = await engine(t);
      const client = make();
      t.after(() => client.close());
      await client.connect(transport(on, name === "1.x"));
      assert.match(client.getInstructions(), /idempotencyKey/);

      const { tools } = await client.listTools();
      assert.ok(tools.every((tool) => tool.outputSchema && tool.annotations), "schemas and hints");
      const sent = await client.callTool({
        name: "send_email", arguments: { idempotencyKey: freshKey(), ...sendBody() },
      });
      assert.ok(!sent.isError, JSON.stringify(sent));
      const { id } = sent.structuredContent;
      assert.equal((await finalSend(on, id)).status, "Sent");
      const refused = await client.callTool({ name: "get_email", arguments: { id: nobody } });
      assert.equal(refused.isError, true);

      const uri = `segmentflow://emails/${id}`;
      const { contents } = await client.readResource({ uri });
      assert.equal(JSON.parse(contents[0].text).id, id);
      const { messages } = await client.getPrompt({
        name: "why_not_arrived", arguments: { email: id },
      });
      assert.ok(messages[0].content.text.includes(id));
      const { completion } = await client.complete({
        ref: { type: "ref/resource", uri: "segmentflow://emails/{id}" },
        argument: { name: "id", value: id.slice(0, 13) },
      });
      assert.ok(completion.values.includes(id));
    });
  }
}

// --- the Inspector -------------------------------------------------------------------------------

const inspectorMain = fileURLToPath(
  new URL("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
    import.meta.url));

// Where the Inspector finds the product, by transport.
const targets = {
  stdio: (on) => [on.executable, "mcp", "--transport", "stdio",
    ...Object.entries({ ...on.env, SEGMENTFLOW_API_KEY: on.key })
      .flatMap(([name, value]) => ["-e", `${name}=${value}`])],
  http: (on) => [`${on.url}/mcp`, "--transport", "http",
    "--header", `Authorization: Bearer ${on.key}`],
  sse: (on) => [`${on.url}/sse`, "--transport", "sse",
    "--header", `Authorization: Bearer ${on.key}`],
};
const inspect = (target, ...args) =>
  run(process.execPath, [inspectorMain, "--cli", ...target, ...args, "--format", "json", "-q"]);

for (const [way, targetOf] of Object.entries(targets)) {
  const eras = way === "sse" ? ["legacy"] : ["legacy", "modern"];
  for (const era of eras) {
    test(`the Inspector over ${way}, ${era} era, has no warning and calls a tool`, async (t) => {
      const on = await engine(t);
      const target = [...targetOf(on), "--protocol-era", era];
      const list = await inspect(target, "--method", "tools/list", "--strict");
      assert.equal(list.code, 0, list.stderr); // 6 says that a schema is not portable
      const { result, schemaFindings = [] } = JSON.parse(list.stdout);
      assert.ok(result.tools.length > 10);
      const findings = schemaFindings.flatMap(({ toolName, findings: found }) =>
        found.map(({ rule, schema, path }) => `${toolName}: ${rule} at ${schema} ${path}`));
      assert.deepEqual(findings, [], "no portability warning");

      const sample = await sampleOf("000-01-send-one");
      const input = { ...sample.body, idempotencyKey: sample.headers["Idempotency-Key"] };
      const call = (name, args) => inspect(target, "--method", "tools/call", "--tool-name", name,
        "--tool-args-json", JSON.stringify(args));
      const sent = await call("send_email", input);
      assert.equal(sent.code, 0, sent.stderr);
      const answer = JSON.parse(sent.stdout);
      hasShape("EmailSend", (answer.result ?? answer).structuredContent);
      const refused = await call("get_email", { id: nobody });
      assert.equal(refused.code, 5, "5 is the Inspector's word for a tool error");
    });
  }
}
