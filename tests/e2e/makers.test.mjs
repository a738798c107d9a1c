// MCP clients of other makers than the protocol's own: Vercel's AI SDK, LangChain's adapters, and
// mcp-remote, by which hosts that only start programs reach a server over HTTP. And what model
// providers take of a tool's schema.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as AiStdio } from "@ai-sdk/mcp/mcp-stdio";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

import { finalSend, freshKey, nobody, receiptTemplate, sendBody } from "./demo.mjs";
import { dataFolder, engine, environment, mcpClient } from "./harness.mjs";

const authorization = (on) => ({ authorization: `Bearer ${on.key}` });
const program = (on) => ({
  command: on.executable, args: ["mcp"],
  env: environment({ ...on.env, SEGMENTFLOW_API_KEY: on.key }),
});

// Each maker's client as {names, call(tool, arguments) → the answer's JSON, close()}.
async function vercel(transport) {
  const client = await createMCPClient({ transport });
  const tools = await client.tools();
  return {
    names: Object.keys(tools),
    call: async (name, args) => {
      const result = await tools[name].execute(args, { messages: [], toolCallId: "1" });
      return JSON.parse(result.content[0].text);
    },
    close: () => client.close(),
  };
}

async function langchain(connection) {
  const client = new MultiServerMCPClient({
    mcpServers: { segmentflow: connection }, throwOnLoadError: true,
  });
  const tools = await client.getTools();
  return {
    names: tools.map(({ name }) => name),
    call: async (name, args) => {
      const said = await tools.find((tool) => tool.name === name).invoke(args)
        .catch((error) => error.message);
      const text = Array.isArray(said) ? said[0].text : said;
      return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
    },
    close: () => client.close(),
  };
}

const proxy = fileURLToPath(new URL("node_modules/mcp-remote/dist/proxy.js", import.meta.url));

async function remote(t, on) {
  const client = new Client({ name: "segmentflow-e2e", version: "1.0.0" });
  await client.connect(new StdioClientTransport({
    command: process.execPath,
    args: [proxy, `${on.url}/mcp/`, "--transport", "http-only",
      "--header", `Authorization: Bearer ${on.key}`],
    env: environment({ MCP_REMOTE_CONFIG_DIR: join(await dataFolder(t), "mcp-remote") }),
    stderr: "ignore",
  }));
  return {
    names: (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args) =>
      JSON.parse((await client.callTool({ name, arguments: args })).content[0].text),
    close: () => client.close(),
  };
}

const makers = {
  "AI SDK over stdio": (t, on) => vercel(new AiStdio({ ...program(on), stderr: "ignore" })),
  "AI SDK over HTTP": (t, on) =>
    vercel({ type: "http", url: `${on.url}/mcp`, headers: authorization(on) }),
  "AI SDK over SSE": (t, on) =>
    vercel({ type: "sse", url: `${on.url}/sse`, headers: authorization(on) }),
  "LangChain over stdio": (t, on) => langchain({ transport: "stdio", ...program(on) }),
  "LangChain over HTTP": (t, on) =>
    langchain({ transport: "http", url: `${on.url}/mcp`, headers: authorization(on) }),
  "mcp-remote": remote,
};

for (const [name, connect] of Object.entries(makers)) {
  test(`${name}: lists tools, sends with nulls, and reads a refusal`, async (t) => {
    const on = await engine(t);
    const client = await connect(t, on);
    t.after(() => client.close());
    assert.ok(client.names.includes("send_email"), client.names.join());
    // LangChain checks arguments itself, and null is no text.
    const nulls = name.startsWith("LangChain") ? {} : { confirmationToken: null, subject: null };
    const sent = await client.call("send_email",
      { idempotencyKey: freshKey(), ...sendBody(), ...nulls });
    assert.equal((await finalSend(on, sent.id)).status, "Sent");
    const read = await client.call("get_template", { id: "receipt-default" });
    assert.equal(read.id, receiptTemplate);
    const refused = await client.call("get_email", { id: nobody });
    assert.equal(refused.errorCode, "NotFound", JSON.stringify(refused));
  });
}

// --- what providers take of a schema -------------------------------------------------------------

// Words that say something to a reader and nothing to a validator.
const annotations = ["description", "examples"];
const shared = ["type", "enum", "anyOf", "properties", "required", "additionalProperties", "items",
  "minItems", "maxItems", "minimum", "maximum", "format"];
// https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
const openai = {
  words: new Set([...shared, "pattern", ...annotations]),
  formats: new Set(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6",
    "uuid"]),
  depthMax: 10, propertiesMax: 5_000, enumMax: 1_000,
};
// https://ai.google.dev/api/caching#FunctionDeclaration (parametersJsonSchema)
const gemini = {
  words: new Set([...shared, "pattern", ...annotations]),
  formats: null, depthMax: 32, propertiesMax: 5_000, enumMax: 1_000,
};

// Objects without declared members: a strict mode has no words for them.
function freeForm(schema, path = "") {
  if (schema.type === "object" && !schema.properties) return [path];
  const below = Object.entries(schema.properties ?? {})
    .flatMap(([name, each]) => freeForm(each, `${path}/${name}`));
  const items = schema.items ? freeForm(schema.items, `${path}/*`) : [];
  return [...below, ...items, ...(schema.anyOf ?? []).flatMap((each) => freeForm(each, path))];
}

// What breaks the rules of a provider in a schema, free-form objects apart.
function complaints(rules, root) {
  const found = [];
  let properties = 0;
  let values = 0;
  const walk = (schema, path, depth) => {
    const say = (what) => found.push(`${path || "/"}: ${what}`);
    for (const word of Object.keys(schema)) if (!rules.words.has(word)) say(`has ${word}`);
    if (!schema.anyOf && typeof schema.type !== "string") say("has no single type");
    if (schema.type === "null") say("may be null");
    if (schema.format && rules.formats && !rules.formats.has(schema.format)) say(schema.format);
    if (depth > rules.depthMax) say("is too deep");
    values += schema.enum?.length ?? 0;
    if (schema.properties && schema.additionalProperties !== false) say("is open");
    for (const [name, each] of Object.entries(schema.properties ?? {})) {
      properties += 1;
      walk(each, `${path}/${name}`, depth + 1);
    }
    if (schema.items) walk(schema.items, `${path}/*`, depth + 1);
    for (const each of schema.anyOf ?? []) walk(each, path, depth);
  };
  if (root.type !== "object" || root.anyOf) found.push("the root is no object");
  walk(root, "", 1);
  if (properties > rules.propertiesMax) found.push(`${properties} properties`);
  if (values > rules.enumMax) found.push(`${values} values of enums`);
  return found;
}

// Tools that no strict mode can take, because of what they are about: values and contents that only
// their authors know.
const notStrict = {
  send_email: ["/data"],
  batch_send: ["/items/*/data"],
  create_template: ["/definition"],
  update_template: ["/definition"],
  preview_template: ["/definition", "/state/data", "/state/profile", "/state/event"],
  call_tool: ["/arguments"],
};

test("schemas keep to what OpenAI's strict mode and Gemini's functions take", async (t) => {
  const on = await engine(t);
  for (const args of [[], ["--compact"]]) {
    const { client } = await mcpClient(t, on, { args });
    for (const { name, inputSchema } of (await client.listTools()).tools) {
      assert.deepEqual(complaints(openai, inputSchema), [], `${name} for OpenAI`);
      assert.deepEqual(complaints(gemini, inputSchema), [], `${name} for Gemini`);
      assert.deepEqual(freeForm(inputSchema).sort(), (notStrict[name] ?? []).sort(), name);
    }
  }
});
