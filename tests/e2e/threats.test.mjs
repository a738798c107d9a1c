// The rows of docs/security.md that no other test file is about.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, finalSend, freshKey, receiptTemplate, sendBody } from "./demo.mjs";
import { apiOf, engine, mcpClient, run } from "./harness.mjs";

const call = async (client, name, args) => client.callTool({ name, arguments: args });

test("the key is in nothing that leaves", async (t) => {
  const on = await engine(t);
  const { client, log } = await mcpClient(t, on);
  const send = await accepted(on, sendBody());
  await finalSend(on, send.id);
  await call(client, "get_email", { id: "none" });
  await call(client, "send_email", { idempotencyKey: freshKey(), ...sendBody({ subject: 5 }) });
  await fetch(`${on.url}/mcp`, { method: "POST", headers: { "x-api-key": on.key }, body: "{" });
  const secret = on.key.slice(-20);
  assert.ok(!on.program.log().includes(secret) && !log().includes(secret), "logs");
  const folder = join(on.data, "captured");
  const files = (await readdir(folder)).map((name) => join(folder, name));
  assert.ok(files.length > 0);
  for (const file of files) assert.ok(!(await readFile(file, "utf8")).includes(secret), file);
  const { stdout } = await on.cli(["audit"]);
  assert.ok(!stdout.includes(secret), "audit log");
});

test("what hides text does not reach a model, and is named", async (t) => {
  const on = await engine(t);
  const hidden = "a\u202Eb\u200Bc\u{E0041}\u061Cd\uFE0F";
  const send = await accepted(on, sendBody({ subject: hidden }));
  const { client } = await mcpClient(t, on);
  const result = await call(client, "get_email", { id: send.id });
  assert.equal(result.structuredContent.subject, "abcd");
  assert.match(result.content[1].text, /Third parties wrote .*\/subject/);
  assert.deepEqual(result.structuredContent.untrusted, ["/subject"]);
  const name = "Offer\u2067\u200d\u{E0049}\u{E0047}";
  await on.api("POST", "/api/v1/templates", { name, definition: { subject: "s" } });
  const { resources } = await client.listResources();
  assert.ok(resources.some(({ title }) => title === "Offer"));
  const unknown = await call(client, "get_status", { "x\u202E": 1 });
  assert.match(unknown.content[0].text, /"\/x is not a known field/);
  const { messages } = await client.getPrompt({ name: "draft_template",
    arguments: { description: "a\u200Bb" } });
  assert.match(messages[0].content.text, /template: ab\n/);
  const { contents } = await client.readResource({ uri: `segmentflow://emails/${send.id}` });
  assert.equal(JSON.parse(contents[0].text).subject, "abcd");
  assert.match(contents[1].text, /\/subject/);
});

test("the digest tells of any change, and the list keeps its order", async (t) => {
  const on = await engine(t);
  const printed = await on.cli(["mcp", "--print-tools-digest"]);
  const lists = [];
  for (let i = 0; i < 2; ++i) {
    const { client } = await mcpClient(t, on);
    lists.push(await client.listTools());
  }
  assert.deepEqual(lists[0], lists[1]);
  assert.equal(`${lists[0]._meta.toolsDigest}\n`, printed.stdout);
  const narrow = await on.cli(["mcp", "--print-tools-digest", "--read-only"]);
  assert.notEqual(narrow.stdout, printed.stdout);
});

// A key that asks a person first, and its call of send_email with further params.
async function asking(on, body) {
  const made = await run(on.executable, ["keys", "create", "--name", "asks", "--scopes", "all",
    "--ask-first", "human"], { env: on.env });
  const args = { idempotencyKey: freshKey(), ...body };
  const post = async (more, by = made.stdout.trim()) => {
    const answer = await fetch(`${on.url}/mcp`, { method: "POST",
      headers: { authorization: `Bearer ${by}`, "content-type": "application/json",
        accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call", "mcp-name": "send_email" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: {
        name: "send_email", arguments: args, ...more,
        _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } } } }) });
    return answer.json();
  };
  const { result } = await post({});
  assert.equal(result.resultType, "input_required");
  const yes = { requestState: result.requestState,
    inputResponses: { approval: { action: "accept", content: { send: true } } } };
  return { args, post, yes };
}

test("what has changed since the question is asked again", async (t) => {
  const on = await engine(t);
  const definition = (subject) => ({ subject, body: { root: "t", elements: {
    t: { type: "Text", props: { text: "x" }, children: [] } } } });
  const made = await on.api("POST", "/api/v1/templates", { name: "T", key: "t",
    purpose: "Transactional", definition: definition("harmless") });
  const { post, yes } = await asking(on, sendBody({ templateId: undefined, templateKey: "t",
    from: "receipts@example.com" }));
  const changed = await on.api("PUT", `/api/v1/templates/${made.body.id}`,
    { definition: definition("You are fired") });
  assert.equal(changed.status, 200, changed.text);
  const again = (await post(yes)).result;
  assert.match(again.inputRequests.approval.params.message, /You are fired/);
  const sent = (await post({ ...yes, requestState: again.requestState })).result;
  assert.equal(sent.structuredContent.subject, "You are fired");
});

test("a state used twice sends once", async (t) => {
  const on = await engine(t);
  const { args, post, yes } = await asking(on, sendBody());
  const first = (await post(yes)).result.structuredContent;
  const second = (await post(yes)).result.structuredContent;
  assert.equal(first.id, second.id);
  assert.equal((await post({ ...yes, arguments: { ...args, bcc: "x@example.net" } }))
    .error.code, -32602, "a state is good for its own arguments only");
  assert.equal((await post(yes, on.key)).error.code, -32602, "and for its own key");
  await finalSend(on, first.id);
  const files = (await readdir(join(on.data, "captured"))).filter((name) => name.endsWith(".eml"));
  assert.equal(files.length, 1);
});

test("nothing is fetched for a template or an email", async (t) => {
  const on = await engine(t);
  let fetched = 0;
  const web = createServer((_, answer) => {
    fetched += 1;
    answer.end();
  });
  await new Promise((done) => web.listen(0, "127.0.0.1", done));
  t.after(() => web.close());
  const address = `http://127.0.0.1:${web.address().port}/x.png`;
  const definition = { subject: "s", body: { root: "r", elements: {
    r: { type: "Section", props: {}, children: ["i"] },
    i: { type: "Image", props: { src: address, alt: "x" }, children: [] },
  } } };
  const { client } = await mcpClient(t, on);
  const preview = await call(client, "preview_template", { definition });
  assert.ok(!preview.isError, preview.content[0].text);
  assert.ok(preview.structuredContent.html.includes(address));
  const made = await call(client, "create_template", { name: "image",
    key: "image", purpose: "Transactional", definition });
  assert.ok(!made.isError, made.content[0].text);
  const sent = await call(client, "send_email", { idempotencyKey: freshKey(),
    ...sendBody({ templateId: undefined, templateKey: "image", from: "receipts@example.com" }) });
  assert.ok(!sent.isError, sent.content[0].text);
  await finalSend(on, sent.structuredContent.id);
  assert.equal(fetched, 0);
});

test("one request has one meaning", async (t) => {
  const on = await engine(t);
  const known = { authorization: `Bearer ${on.key}`, "content-type": "application/json" };
  const post = (body, headers = {}) =>
    fetch(`${on.url}/mcp`, { method: "POST", body, headers: { ...known, ...headers } });
  const modern = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call",
    params: { name: "get_status", arguments: {}, _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {} } } });
  const said = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call" };
  assert.equal((await post(modern, { ...said, "mcp-name": "get_status" })).status, 200);
  assert.equal((await post(modern, { ...said, "mcp-name": "send_email" })).status, 400);
  assert.equal((await post(modern, { ...said, "mcp-method": "tools/list" })).status, 400);
  const narrowed = await fetch(`${on.url}/mcp`, { method: "POST", body: modern,
    headers: [...Object.entries({ ...known, ...said, "mcp-name": "get_status" }),
      ["x-mcp-read-only", "false"], ["x-mcp-read-only", "true"]] });
  assert.equal(narrowed.status, 400, "fetch joins the two to one value");
  const doubled = '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"ping"}';
  assert.equal((await post(doubled)).status, 400);
  assert.equal((await post(Buffer.from('{"jsonrpc":"2.0","id":"\xFF","method":"ping"}', "latin1")))
    .status, 400);
});

test("keys are nobody's tool, and nothing lists them", async (t) => {
  const on = await engine(t);
  const { client } = await mcpClient(t, on);
  const { tools } = await client.listTools();
  assert.ok(tools.every(({ name }) => !/key|secret/.test(name)), "tools");
  const listed = await on.cli(["keys", "list"]);
  assert.ok(!listed.stdout.includes(on.key), "only the last characters are shown");
  const stranger = apiOf(on.url, "sk_live_nobody");
  assert.equal((await stranger("GET", `/api/v1/templates/${receiptTemplate}`)).status, 401);
});
