// The contract of operations: whatever the registry holds is the same over REST and MCP, needs its
// scope on both, hides other organisations on both, and refuses malformed input with paths.
import assert from "node:assert/strict";
import { test } from "node:test";

import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import {
  accepted, finalSend, freshKey, groupIds, nobody, receiptTemplate, sendBody,
} from "./demo.mjs";
import { apiOf, engine, mcpClient, mcpProcess, newKey, run } from "./harness.mjs";

const definition = {
  from: "",
  subject: "Hello",
  body: { root: "t", elements: { t: { type: "Text", props: { text: "x" }, children: [] } } },
};
const newTemplate = () => ({
  name: "A",
  key: `k-${freshKey().toLowerCase().replace(/[^a-z0-9]/g, "-")}`,
  definition,
});

// Each operation: its route, its scope, and arguments that it accepts. `path` and `header` name the
// argument that REST carries there; `own` the members that differ between two answers to the same
// call; `hints` what is not as for its method. A tool that is missing here fails the first test.
const made = ["id", "key", "name", "etag", "currentSnapshotId", "createdAt", "updatedAt"];
const changed = ["etag", "updatedAt"];
const operations = {
  send_email: {
    method: "POST",
    path: "/api/v1/emails",
    scope: "emails:write",
    header: ["idempotencyKey", "Idempotency-Key"],
    valid: () => ({ idempotencyKey: freshKey(), ...sendBody() }),
  },
  batch_send: {
    method: "POST",
    path: "/api/v1/emails/batch",
    scope: "emails:write",
    valid: () => ({
      defaults: { templateId: receiptTemplate },
      items: [{ idempotencyKey: freshKey(), to: { email: "alex@example.com" } }],
    }),
  },
  get_email: {
    method: "GET",
    path: "/api/v1/emails/{id}",
    scope: "emails:read",
    valid: (ids) => ({ id: ids.send }),
  },
  list_templates: {
    method: "GET",
    path: "/api/v1/templates",
    scope: "templates:read",
    isList: true,
    valid: () => ({ status: ["Active", "Archived"], purpose: "Transactional" }),
  },
  get_template: {
    method: "GET",
    path: "/api/v1/templates/{id}",
    scope: "templates:read",
    valid: () => ({ id: receiptTemplate }),
  },
  create_template: {
    method: "POST",
    path: "/api/v1/templates",
    scope: "templates:write",
    own: made,
    hints: { idempotentHint: false },
    valid: newTemplate,
  },
  update_template: {
    method: "PUT",
    path: "/api/v1/templates/{id}",
    scope: "templates:write",
    header: ["ifMatch", "If-Match"],
    own: changed,
    hints: { destructiveHint: true },
    valid: (ids) => ({ id: ids.template, name: "B", definition }),
  },
  duplicate_template: {
    method: "POST",
    path: "/api/v1/templates/{id}/duplicate",
    scope: "templates:write",
    own: made,
    hints: { idempotentHint: false },
    valid: (ids) => ({ id: ids.template }),
  },
  archive_template: {
    method: "POST",
    path: "/api/v1/templates/{id}/archive",
    scope: "templates:write",
    own: changed,
    hints: { destructiveHint: true },
    valid: (ids) => ({ id: ids.template }),
  },
  unarchive_template: {
    method: "POST",
    path: "/api/v1/templates/{id}/unarchive",
    scope: "templates:write",
    own: changed,
    valid: (ids) => ({ id: ids.template }),
  },
  delete_template: {
    method: "DELETE",
    path: "/api/v1/templates/{id}",
    scope: "templates:write",
    own: ["id"],
    hints: { destructiveHint: true },
    valid: (ids) => ({ id: ids.spare.length > 1 ? ids.spare.pop() : ids.spare[0] }),
  },
  preview_template: {
    method: "POST",
    path: "/api/v1/templates/preview",
    scope: "templates:read",
    hints: { readOnlyHint: true },
    valid: () => ({ definition, state: { data: { orderId: "o" } } }),
  },
  describe_template_format: {
    method: "GET",
    path: "/api/v1/templates/schema",
    scope: "templates:read",
    valid: () => ({}),
  },
  get_status: { method: "GET", path: "/api/v1/status", scope: null, valid: () => ({}) },
};
const names = Object.keys(operations);

// The operation over REST, from the arguments of its tool.
function rest(api, { method, path, header }, args) {
  const left = { ...args };
  const take = (name) => {
    const value = left[name];
    delete left[name];
    return value;
  };
  const filled = path.replace(/\{(\w+)\}/, (_, name) => encodeURIComponent(take(name)));
  const key = header && take(header[0]);
  const headers = key === undefined ? {} : { [header[1]]: key };
  if (["POST", "PUT"].includes(method)) return api(method, filled, left, headers);
  const query = Object.entries(left).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}=${encodeURIComponent(one)}`));
  const target = query.length > 0 ? `${filled}?${query.join("&")}` : filled;
  return api(method, target, undefined, headers);
}

const toolsOf = async (client) => {
  const { tools } = await client.listTools();
  return Object.fromEntries(tools.map((tool) => [tool.name, tool]));
};
const call = (client, name, args) => client.callTool({ name, arguments: args });
const errorOf = (result) => {
  assert.equal(result.isError, true, JSON.stringify(result));
  return JSON.parse(result.content[0].text);
};
const withoutRequest = ({ requestId, ...error }) => error;
const pathsOf = (error) => (error.details ?? []).map((row) => row.path);

// A batch is answered in brief over MCP.
function brief({ items, ...answer }) {
  const short = ({ id, status, to }) => ({ id, status, to });
  return { ...answer, items: items.map(({ send, ...item }) => ({ ...item, send: short(send) })) };
}

// What two honest answers to the same question have in common.
function settled(name, { untrusted, ...answer }) {
  if (Array.isArray(answer.items)) return brief(answer);
  const own = operations[name].own ?? [];
  if (own.length > 0) {
    return Object.fromEntries(Object.entries(answer).filter(([member]) => !own.includes(member)));
  }
  if (name !== "get_status") return answer;
  const { time, delivery, ...same } = answer;
  return { ...same, mode: delivery.mode };
}

async function fixture(t) {
  const on = await engine(t);
  const { client } = await mcpClient(t, on);
  const { id } = await accepted(on, sendBody());
  await finalSend(on, id);
  const template = async () =>
    (await on.api("POST", "/api/v1/templates", newTemplate())).body.id;
  const spare = [];
  for (let i = 0; i < 6; ++i) spare.push(await template());
  const ids = { send: id, template: await template(), spare };
  return { on, client, ids, tools: await toolsOf(client) };
}

test("the table above names every operation", async (t) => {
  const { tools } = await fixture(t);
  assert.deepEqual(Object.keys(tools).sort(), [...names].sort());
});

test("REST and MCP give the same answer", async (t) => {
  const { on, client, ids } = await fixture(t);
  for (const name of names) {
    const operation = operations[name];
    const args = operation.valid(ids);
    let byRoute = await rest(on.api, operation, args);
    assert.equal(byRoute.status, 200, `${name}: ${byRoute.text}`);
    const sends = byRoute.body.items?.map((item) => item.send) ?? [byRoute.body];
    if (operations[name].scope === "emails:write") {
      for (const send of sends) await finalSend(on, send.id);
      byRoute = await rest(on.api, operation, args);
    }
    const byTool = await call(client, name, operation.own ? operation.valid(ids) : args);
    assert.ok(!byTool.isError, JSON.stringify(byTool));
    const answer = byTool.structuredContent;
    if (operation.isList) {
      assert.deepEqual(answer.items, byRoute.body, name);
    } else {
      assert.deepEqual(settled(name, answer), settled(name, byRoute.body), name);
    }
  }
});

test("hints tell reading from writing", async (t) => {
  const { tools } = await fixture(t);
  for (const name of names) {
    const { annotations } = tools[name];
    const expected = {
      readOnlyHint: operations[name].method === "GET",
      destructiveHint: false,
      idempotentHint: true,
      ...operations[name].hints,
    };
    assert.equal(annotations.readOnlyHint, expected.readOnlyHint, name);
    if (annotations.readOnlyHint) continue;
    assert.equal(annotations.destructiveHint, expected.destructiveHint, name);
    assert.equal(annotations.idempotentHint, expected.idempotentHint, name);
  }
});

test("a key without the scope is refused on both, one with it on neither", async (t) => {
  const { on, ids } = await fixture(t);
  const scopes = [...new Set(names.map((name) => operations[name].scope).filter(Boolean))];
  for (const scope of scopes) {
    const others = scopes.filter((other) => other !== scope);
    const with_ = await newKey(on, `only ${scope}`, [scope]);
    const without = await newKey(on, `all but ${scope}`, others);
    const { client } = await mcpClient(t, on, { key: without });
    const offered = await toolsOf(client);
    for (const name of names) {
      const operation = operations[name];
      const byRoute = await rest(apiOf(on.url, without), operation, operation.valid(ids));
      if (operation.scope !== scope) {
        assert.equal(byRoute.status, 200, `${name}: ${byRoute.text}`);
        assert.ok(offered[name], name);
        continue;
      }
      assert.equal(byRoute.status, 403, `${name}: ${byRoute.text}`);
      assert.equal(byRoute.body.errorCode, "InsufficientScope");
      assert.deepEqual(byRoute.body.required, [scope]);
      assert.equal(offered[name], undefined, `${name} must not be offered`);
      const byTool = await client.callTool({ name, arguments: operation.valid(ids) });
      assert.equal(byTool.isError, true, name);
      assert.deepEqual(JSON.parse(byTool.content[0].text).required, [scope]);
      const granted = await rest(apiOf(on.url, with_), operation, operation.valid(ids));
      assert.equal(granted.status, 200, `${name}: ${granted.text}`);
    }
    await client.close();
  }
});

test("no key and a wrong key are 401 with a challenge", async (t) => {
  const { on, ids } = await fixture(t);
  for (const name of names) {
    for (const key of ["", "sk_live_wrong", `${on.key}x`]) {
      const operation = operations[name];
      const answer = await rest(apiOf(on.url, key), operation, operation.valid(ids));
      assert.equal(answer.status, 401, `${name}: ${answer.text}`);
      assert.equal(answer.body.errorCode, "Unauthorized");
      assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
      assert.ok(!answer.text.includes("sk_live_wrong"), "a secret is never repeated");
    }
  }
  const bearer = await fetch(`${on.url}/api/v1/status`, {
    headers: { authorization: `Bearer ${on.key}` },
  });
  assert.equal(bearer.status, 200, "a bearer token is as good as x-api-key");
});

// Runs a command of the engine that must succeed: its stdout.
async function command(on, args) {
  const done = await run(on.executable, args, { env: on.env });
  assert.equal(done.code, 0, `${args.join(" ")}: ${done.stderr}`);
  return done.stdout.trim();
}

test("ids of another organisation are not found, exactly like ids of nothing", async (t) => {
  const { on, ids } = await fixture(t);
  await command(on, ["init", "--organization", "Other"]);
  const otherKey = await newKey(on, "other", ["all"], "Other");
  const other = { ...on, key: otherKey, api: apiOf(on.url, otherKey) };
  const { client } = await mcpClient(t, other);
  await command(on, ["domains", "add", "other.example", "--organization", "Other"]);
  await command(on, ["senders", "add", "O <o@other.example>", "--organization", "Other"]);
  const file = new URL("../../examples/templates/receipt-default.json", import.meta.url).pathname;
  await command(on, ["templates", "import", file, "--sender", "o@other.example",
    "--organization", "Other"]);
  const list = await other.api("GET", "/api/v1/templates");
  assert.equal(list.body.length, 1, list.text);
  const template = list.body[0].id;

  const { OptIn } = await groupIds({ cli: (args) =>
    run(on.executable, [...args, "--organization", "Acme (demo)"], { env: on.env }) });
  const body = { templateId: template, to: { email: "pat@other.example" } };
  const send = (changes) => ["send_email", { idempotencyKey: freshKey(), ...body, ...changes }];
  const foreign = [
    [["get_email", { id: ids.send }], ["get_email", { id: nobody }]],
    [["get_template", { id: receiptTemplate }], ["get_template", { id: nobody }]],
    [["update_template", { id: receiptTemplate, name: "X" }],
      ["update_template", { id: nobody, name: "X" }]],
    ...["duplicate_template", "archive_template", "unarchive_template", "delete_template"].map(
      (name) => [[name, { id: receiptTemplate }], [name, { id: nobody }]]),
    [["preview_template", { templateId: receiptTemplate }],
      ["preview_template", { templateId: nobody }]],
    [send({ templateId: receiptTemplate }), send({ templateId: nobody })],
    [send({ profileId: "018f7a35-5555-7555-8555-555555555555", to: undefined }),
      send({ profileId: nobody, to: undefined })],
    [send({ subscriptionGroupId: OptIn }), send({ subscriptionGroupId: nobody })],
  ];
  const masked = (error, args) => {
    const text = JSON.stringify(withoutRequest(error));
    return Object.values(args).reduce((left, value) => left.replaceAll(value, "ID"), text);
  };
  for (const [[name, theirs], [, nothing]] of foreign) {
    const operation = operations[name];
    const byRoute = await rest(other.api, operation, theirs);
    const ofNothing = await rest(other.api, operation, nothing);
    assert.equal(byRoute.status, 404, `${name}: ${byRoute.text}`);
    assert.equal(byRoute.body.errorCode, "NotFound");
    assert.equal(masked(byRoute.body, theirs), masked(ofNothing.body, nothing), name);
    const byTool = errorOf(await call(client, name, theirs));
    assert.deepEqual(byTool, withoutRequest(byRoute.body), name);
  }
  // The other organisation's own: sender and key space are apart too.
  const key = freshKey();
  assert.equal((await rest(on.api, operations.send_email, { idempotencyKey: key, ...sendBody() }))
    .status, 200);
  const own = await rest(other.api, operations.send_email, { idempotencyKey: key, ...body });
  assert.equal(own.status, 200, own.text);
  const stranger = await rest(other.api, operations.send_email,
    { ...send({ from: "receipts@example.com" })[1] });
  assert.equal(stranger.status, 422, stranger.text);
  assert.equal(stranger.body.errorCode, "InvalidSenderProfile");
});

const isInBody = ({ method, path, header }, field) =>
  ["POST", "PUT"].includes(method) && !path.includes(`{${field}}`) && header?.[0] !== field;

// A value of another kind than the schema's.
function mistyped(schema) {
  const kinds = (schema.anyOf ?? [schema]).map((one) => one.type);
  return kinds.includes("object") || kinds.includes("array") ? 5 : { not: "this" };
}

test("a mistyped argument is refused with its path, for every field of every tool", async (t) => {
  const { on, client, ids, tools } = await fixture(t);
  const bridge = await mcpClient(t, on, { settings: { SEGMENTFLOW_BASE_URL: on.url } });
  for (const name of names) {
    const { properties } = tools[name].inputSchema;
    for (const [field, schema] of Object.entries(properties)) {
      const args = { ...operations[name].valid(ids), [field]: mistyped(schema) };
      for (const by of [client, bridge.client]) {
        const error = errorOf(await call(by, name, args));
        assert.equal(error.errorCode, "ValidationFailed", `${name} ${field}`);
        assert.ok(pathsOf(error)[0].startsWith(`/${field}`), JSON.stringify(error));
      }
      if (!isInBody(operations[name], field)) continue;
      const byRoute = await rest(on.api, operations[name], args);
      assert.equal(byRoute.status, 400, byRoute.text);
      assert.ok(pathsOf(byRoute.body)[0].startsWith(`/${field}`), byRoute.text);
    }
  }
});

test("an unknown argument is refused with its path and the nearest name", async (t) => {
  const { on, client, ids, tools } = await fixture(t);
  for (const name of names) {
    const operation = operations[name];
    const known = Object.keys(tools[name].inputSchema.properties);
    for (const field of ["zzzzzzzz", ...known.map((one) => `${one}x`)]) {
      const args = { ...operation.valid(ids), [field]: "x" };
      const byTool = errorOf(await call(client, name, args));
      const byRoute = await rest(on.api, operation, args);
      assert.equal(byRoute.status, 400, `${name} ${field}: ${byRoute.text}`);
      for (const error of [byTool, byRoute.body]) {
        assert.equal(error.errorCode, "ValidationFailed");
        assert.deepEqual(pathsOf(error), [`/${field}`], name);
        const isAsQuery = error === byRoute.body && operation.path.includes("{id}");
        if (field === "zzzzzzzz" || (isAsQuery && field === "idx")) continue;
        assert.ok(error.details[0].message.includes(field.slice(0, -1)), error.details[0].message);
      }
    }
  }
});

test("an argument given twice is refused with its path", async (t) => {
  const { on, ids, tools } = await fixture(t);
  const server = mcpProcess(t, on);
  await server.request("initialize", {
    protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "e2e", version: "1" },
  });
  for (const name of names) {
    const args = operations[name].valid(ids);
    const [field] = Object.keys(args);
    if (!field) continue;
    const twice = `{"${field}":"x",${JSON.stringify(args).slice(1)}`;
    const params = `{"name":"${name}","arguments":${twice}}`;
    const from = server.lines.length;
    server.write(`{"jsonrpc":"2.0","id":"${name}","method":"tools/call","params":${params}}\n`);
    await server.request("ping");
    const { error } = JSON.parse(server.lines[from]);
    assert.ok(error.message.includes(`/params/arguments/${field}`), JSON.stringify(error));
    if (!isInBody(operations[name], field)) continue;
    const byRoute = await on.api(operations[name].method, operations[name].path, twice);
    assert.equal(byRoute.status, 400, byRoute.text);
    assert.deepEqual(pathsOf(byRoute.body), [`/${field}`]);
  }
});

// Calls visit(schema, path) for a schema and all below it.
function walk(schema, visit, path = "") {
  visit(schema, path);
  for (const [name, below] of Object.entries(schema.properties ?? {})) {
    walk(below, visit, `${path}/${name}`);
  }
  if (schema.items) walk(schema.items, visit, `${path}/*`);
  for (const below of schema.anyOf ?? []) walk(below, visit, path);
}

test("schemas are strict JSON Schema 2020-12, closed, and described", async (t) => {
  const { tools, ids } = await fixture(t);
  const ajv = addFormats(new Ajv({ allErrors: true, strict: true }));
  for (const [name, tool] of Object.entries(tools)) {
    assert.match(name, /^[a-z][a-z0-9_]{0,39}$/);
    assert.ok(tool.title.length > 5 && tool.description.length > 60, name);
    assert.ok(tool.description.length <= 700, `${name}: a description is not a manual`);
    const accepts = ajv.compile(tool.inputSchema);
    ajv.compile(tool.outputSchema);
    assert.ok(accepts(operations[name].valid(ids)), `${name}: ${ajv.errorsText(accepts.errors)}`);
    walk(tool.inputSchema, (schema, path) => {
      for (const [field, below] of Object.entries(schema.properties ?? {})) {
        assert.ok(below.description?.length > 5, `${name} ${path}/${field} is described`);
      }
      for (const example of schema.examples ?? []) {
        assert.ok(ajv.validate(schema, example), `${name} ${path}: its example is valid`);
      }
    });
    for (const schema of [tool.inputSchema, tool.outputSchema]) {
      assert.equal(schema.type, "object");
      walk(schema, (below, path) => {
        if (!below.properties) return;
        assert.equal(below.additionalProperties, false, `${name} ${path} is closed`);
      });
    }
  }
});
