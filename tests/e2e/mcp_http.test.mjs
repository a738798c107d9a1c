// MCP over HTTP as hosts and connectors elsewhere use it: keys, sessions, pages of other sites.
import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import { test } from "node:test";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { accepted, freshKey, sendBody } from "./demo.mjs";
import { engine, mcpClient, newKey, run } from "./harness.mjs";

const about = { name: "segmentflow-e2e", version: "1.0.0" };
const withKey = (key) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } });
const endpoint = (on) => new URL(`${on.url}/mcp`);

async function connected(t, client, transport) {
  t.after(() => client.close());
  await client.connect(transport);
  return client;
}

const legacyClient = (t, on, key = on.key) =>
  connected(t, new Client(about), new StreamableHTTPClientTransport(endpoint(on), withKey(key)));
const namesOf = async (client) =>
  (await client.listTools()).tools.map(({ name }) => name).sort();

// One POST as it stands: {status, headers, body}.
async function post(on, body, headers = {}) {
  const answer = await fetch(endpoint(on), {
    method: "POST",
    headers: {
      authorization: `Bearer ${on.key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
}

const hello = {
  jsonrpc: "2.0", id: 0, method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: about },
};
const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };

test("each request shows its key, and sees what that key allows", async (t) => {
  const on = await engine(t);
  for (const key of ["", "sk_live_wrong"]) {
    const answer = await post(on, list, { authorization: `Bearer ${key}` });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate"), /^Bearer realm=/);
  }
  const narrow = await newKey(on, "narrow", ["templates:read"]);
  const names = await namesOf(await legacyClient(t, on, narrow));
  assert.ok(names.includes("get_template") && !names.includes("send_email"), names.join());
  for (const path of ["oauth-protected-resource", "oauth-authorization-server",
    "openid-configuration", "oauth-protected-resource/mcp"]) {
    const answer = await fetch(`${on.url}/.well-known/${path}`);
    assert.equal(answer.status, 404);
    assert.equal((await answer.json()).errorCode, "NotFound");
  }
});

test("a session is of no use without its key, and outlives the server", async (t) => {
  const on = await engine(t);
  const begun = await post(on, hello);
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id") };
  assert.equal((await post(on, list, session)).status, 200);
  const thief = await newKey(on, "thief", ["all"]);
  const stolen = { ...session, authorization: `Bearer ${thief}` };
  assert.equal((await post(on, list, stolen)).status, 404);
  assert.equal((await post(on, list, { ...session, authorization: "" })).status, 401);
  await on.program.kill();
  const again = await engine(t, { folder: on.data });
  assert.equal((await post({ ...again, key: on.key }, list, session)).status, 200);
  const ended = await fetch(endpoint(again), {
    method: "DELETE", headers: { authorization: `Bearer ${on.key}`, ...session },
  });
  assert.equal(ended.status, 204);
  assert.equal((await post({ ...again, key: on.key }, list, session)).status, 404);
});

// fetch() sets Host and Origin itself.
const raw = (on, path, headers, method = "POST") => new Promise((done, fail) => {
  const sent = httpRequest({ host: "127.0.0.1", port: on.port, path, method, headers: {
    authorization: `Bearer ${on.key}`, "content-type": "application/json", ...headers,
  } }, (answer) => {
    answer.resume();
    answer.once("end", () => done(answer.statusCode));
  });
  sent.once("error", fail);
  sent.end(method === "POST" ? JSON.stringify(list) : undefined);
});

test("pages of other sites are refused on every route", async (t) => {
  const on = await engine(t, { settings: { SEGMENTFLOW_PUBLIC_URL: "https://mail.example.com" } });
  const routes = [["/mcp", "POST"], ["/mcp", "GET"], ["/mcp", "DELETE"], ["/sse", "GET"],
    ["/messages", "POST"], ["/healthz", "GET"],
    ["/api/v1/status", "GET"], ["/.well-known/oauth-protected-resource", "GET"]];
  for (const [path, method] of routes) {
    for (const attack of [{ host: "evil.example" }, { origin: "https://evil.example" },
      { origin: "null" }, { origin: "http://127.0.0.1.evil.example" }]) {
      if (path === "/healthz" && attack.host) continue;  // it tells nothing
      assert.equal(await raw(on, path, attack, method), 403,
        `${method} ${path} ${JSON.stringify(attack)}`);
    }
  }
  for (const allowed of [{ origin: "http://localhost:6274" },
    { origin: "https://mail.example.com" }, { host: "mail.example.com" }]) {
    assert.equal(await raw(on, "/mcp", allowed), 200, JSON.stringify(allowed));
  }
});

const modernMeta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const listen = { jsonrpc: "2.0", id: 9, method: "subscriptions/listen",
  params: { notifications: { toolsListChanged: true }, _meta: modernMeta } };
const modernHeaders = {
  "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen",
};

test("who takes no events cannot listen, and nothing is left waiting", async (t) => {
  const on = await engine(t);
  const answer = await post(on, listen, { ...modernHeaders, accept: "application/json" });
  assert.equal(answer.status, 406, JSON.stringify(answer.body));
});

test("a stream ends when its key is revoked", async (t) => {
  const on = await engine(t);
  const secret = await newKey(on, "short", ["templates:read"]);
  const answer = await fetch(endpoint(on), { method: "POST", body: JSON.stringify(listen),
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json",
      accept: "application/json, text/event-stream", ...modernHeaders } });
  assert.equal(answer.status, 200);
  const reader = answer.body.getReader();
  await reader.read();
  await on.cli(["keys", "revoke", secret.slice(-4)]);
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += Buffer.from(part.value).toString();
  }
  assert.doesNotMatch(text, /keep-alive/, "it ends before the silence is even noticed");
});

test("a call beyond the key's scopes is a tool error that names them", async (t) => {
  const on = await engine(t);
  const narrow = await newKey(on, "narrow", ["templates:read"]);
  const client = await legacyClient(t, on, narrow);
  const refused = await client.callTool({ name: "send_email",
    arguments: { idempotencyKey: freshKey(), ...sendBody() } });
  assert.equal(refused.isError, true);
  const error = JSON.parse(refused.content[0].text);
  assert.deepEqual([error.errorCode, error.required], ["InsufficientScope", ["emails:write"]]);
});

test("64 clients with the same ids on four connections get their own answers", async (t) => {
  const on = await engine(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  const shared = (body) => new Promise((done, fail) => {
    const sent = httpRequest({ agent, host: "127.0.0.1", port: on.port, path: "/mcp",
      method: "POST", headers: { authorization: `Bearer ${on.key}`,
        "content-type": "application/json", "mcp-protocol-version": "2025-11-25" } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part));
      answer.once("end", () => done(JSON.parse(text)));
    });
    sent.once("error", fail);
    sent.end(JSON.stringify(body));
  });
  const ask = async (n) => {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: {
      name: "preview_template",
      arguments: {
        definition: { subject: `client ${n}`, body: { root: "t", elements: {
          t: { type: "Text", props: { text: `text ${n}` }, children: [] } } } },
        omitHtml: true,
      },
    } };
    for (let round = 0; round < 5; ++round) {
      const answer = await shared(body);
      assert.equal(answer.id, 1);
      assert.equal(answer.result.structuredContent.subject, `client ${n}`);
      assert.equal(answer.result.structuredContent.text, `text ${n}`);
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, n) => ask(n)));
});

test("headers and flags narrow the tools, and what is hidden cannot be called", async (t) => {
  const on = await engine(t);
  const narrow = { "x-mcp-tools": "templates", "x-mcp-read-only": "true" };
  const { body } = await post(on, list, narrow);
  const names = body.result.tools.map(({ name }) => name).sort();
  assert.deepEqual(names, ["describe_template_format", "get_status", "get_template",
    "list_templates", "preview_template"]);
  const call = { jsonrpc: "2.0", id: 2, method: "tools/call", params: {
    name: "send_email", arguments: { idempotencyKey: freshKey(), ...sendBody() } } };
  assert.match((await post(on, call, narrow)).body.error.message, /Unknown tool/);
  const wrong = await post(on, list, { "x-mcp-tools": "template" });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.message, /Did you mean templates\?/);
  for (const [header, value] of [["x-mcp-read-only", "yes"], ["x-mcp-compact", "1"],
    ["x-mcp-tools", ","]]) {
    assert.equal((await post(on, list, { [header]: value })).status, 400, header);
  }
  const sent = await accepted(on, sendBody());
  const read = (headers) => post(on, { jsonrpc: "2.0", id: 3, method: "resources/read",
    params: { uri: `segmentflow://emails/${sent.id}` } }, headers);
  assert.ok((await read({})).body.result);
  assert.ok((await read(narrow)).body.error, "what is hidden cannot be read");

  const stdio = await mcpClient(t, on, { args: ["--tools", "templates", "--read-only"] });
  assert.deepEqual(await namesOf(stdio.client), names);
  const refused = await run(on.executable, ["mcp", "--tools", "mails"],
    { env: { ...on.env, SEGMENTFLOW_API_KEY: on.key } });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /emails, templates/);
});
