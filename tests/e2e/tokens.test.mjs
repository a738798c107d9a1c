// What the tools cost a model: tokens of tools/list as a host would show it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Tiktoken } from "js-tiktoken/lite";
import o200k from "js-tiktoken/ranks/o200k_base";

import { engine, mcpClient } from "./harness.mjs";

const limits = { perTool: 350, all: 12_000, compact: 2_500 };

const tokenizer = new Tiktoken(o200k);
const countTokens = (text) => tokenizer.encode(text).length;

// What hosts give to a model of a tool: its name, description and arguments.
const shown = ({ name, description, inputSchema }) =>
  JSON.stringify({ name, description, input_schema: inputSchema });

test("tools/list costs a model few tokens", async (t) => {
  const on = await engine(t);
  const toolsOf = async (args) => {
    const { client } = await mcpClient(t, on, { args });
    return (await client.listTools()).tools;
  };
  const tools = await toolsOf([]);
  const counts = tools.map((tool) => [tool.name, countTokens(shown(tool))]);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  for (const [name, count] of counts.sort((a, b) => b[1] - a[1])) {
    t.diagnostic(`${String(count).padStart(5)} tokens ${name}`);
  }
  t.diagnostic(`${all} tokens for ${tools.length} tools, ${Math.round(all / tools.length)} each`);
  const three = await toolsOf(["--compact"]);
  const compact = three.reduce((sum, tool) => sum + countTokens(shown(tool)), 0);
  t.diagnostic(`${compact} tokens in compact mode`);
  assert.ok(all <= limits.all, `${all} tokens`);
  assert.ok(all / tools.length <= limits.perTool, `${all / tools.length} tokens each`);
  assert.ok(compact <= limits.compact, `${compact} tokens`);
});

test("the compact mode finds, describes and calls every tool", async (t) => {
  const on = await engine(t);
  const { client } = await mcpClient(t, on, { args: ["--compact"] });
  const call = async (name, args) => client.callTool({ name, arguments: args });
  const { tools } = (await call("search_tools", {})).structuredContent;
  const names = (await (await mcpClient(t, on)).client.listTools()).tools.map(({ name }) => name);
  assert.deepEqual(tools.map(({ name }) => name), names);
  const search = async (query) => (await call("search_tools", { query })).structuredContent;
  assert.equal((await search("email an invoice to a client")).tools[0].name, "send_email");
  assert.equal((await search("send a batch")).tools[0].name, "batch_send");
  const none = await search("zebra");
  assert.deepEqual(none.tools, []);
  assert.ok(none.groups.some((line) => line.startsWith("template: list_templates")), none.groups);
  const about = (await call("describe_tool", { name: "get_email" })).structuredContent;
  assert.equal(about.readOnly, true);
  assert.deepEqual(about.inputSchema.required, ["id"]);
  const status = await call("call_tool", { name: "get_status", arguments: "{}" });
  assert.ok(status.structuredContent.scopes.includes("emails:write"));
  for (const name of ["describe_tool", "call_tool"]) {
    const wrong = await call(name, { name: "get_emial" });
    assert.equal(wrong.isError, true);
    assert.match(wrong.content[0].text, /Did you mean get_email/);
  }
  const bad = await call("call_tool", { name: "get_status", arguments: "none" });
  assert.equal(bad.isError, true);
});
