// Prompts, resources and completion of the product, as the official client sees them.
import assert from "node:assert/strict";
import { test } from "node:test";

import { accepted, finalSend, nobody, receiptTemplate, sendBody } from "./demo.mjs";
import { engine, mcpClient, newKey } from "./harness.mjs";

const textOf = ({ messages }) => messages.map(({ content }) => content.text).join("\n");
const toolWord = /\b(?:list|get|send|describe|preview|create|update)_[a-z_]+\b/g;

test("prompts name only tools that the key may call", async (t) => {
  const on = await engine(t);
  const { client } = await mcpClient(t, on);
  const tools = new Set((await client.listTools()).tools.map(({ name }) => name));
  const { prompts } = await client.listPrompts();
  assert.deepEqual(prompts.map(({ name }) => name).sort(),
    ["draft_template", "review_template", "send_receipt", "why_not_arrived"]);
  for (const { name, title, description, arguments: wanted } of prompts) {
    assert.ok(title.length > 5 && description.length > 20, name);
    const args = Object.fromEntries(wanted.map((each) => [each.name, `my ${each.name}`]));
    const text = textOf(await client.getPrompt({ name, arguments: args }));
    const named = text.match(toolWord) ?? [];
    assert.ok(named.length > 0, name);
    for (const tool of named) assert.ok(tools.has(tool), `${name} names ${tool}`);
    for (const value of Object.values(args)) assert.ok(text.includes(value), `${name}: ${value}`);
  }
  const reader = await newKey(on, "reader", ["templates:read"]);
  const narrow = (await mcpClient(t, on, { key: reader })).client;
  assert.deepEqual((await narrow.listPrompts()).prompts.map(({ name }) => name),
    ["review_template"]);
});

test("templates and emails are resources, with ids completed", async (t) => {
  const on = await engine(t);
  const { client } = await mcpClient(t, on);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map(({ uriTemplate }) => uriTemplate).sort(),
    ["segmentflow://emails/{id}", "segmentflow://templates/{id}"]);
  const { resources } = await client.listResources();
  assert.ok(resources.some(({ uri }) => uri === `segmentflow://templates/${receiptTemplate}`));
  const read = async (uri) =>
    JSON.parse((await client.readResource({ uri })).contents[0].text);
  assert.equal((await read(`segmentflow://templates/${receiptTemplate}`)).key, "receipt-default");
  const send = await accepted(on, sendBody());
  await finalSend(on, send.id);
  assert.equal((await read(`segmentflow://emails/${send.id}`)).status, "Sent");
  for (const uri of [`segmentflow://emails/${nobody}`, "segmentflow://emails/", "other://x"]) {
    await assert.rejects(client.readResource({ uri }), (error) => error.code === -32002);
  }
  const { completion } = await client.complete({
    ref: { type: "ref/resource", uri: "segmentflow://templates/{id}" },
    argument: { name: "id", value: "receipt" },
  });
  assert.deepEqual(completion.values, [receiptTemplate]);
  const byPrompt = await client.complete({
    ref: { type: "ref/prompt", name: "review_template" },
    argument: { name: "template", value: "" },
  });
  assert.ok(byPrompt.completion.values.includes(receiptTemplate));

  const sender = await newKey(on, "sender", ["emails:write"]);
  const narrow = (await mcpClient(t, on, { key: sender })).client;
  assert.deepEqual((await narrow.listResourceTemplates()).resourceTemplates, []);
  await assert.rejects(narrow.readResource({ uri: `segmentflow://templates/${receiptTemplate}` }));
});
