// The HTTP door from outside: strangers take nothing, a request has one meaning, and nobody has to
// read the log.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, freshKey, sendBody } from "./demo.mjs";
import {
  binary, dataFolder, engine, environment, eventually, freePort, newKey, run,
} from "./harness.mjs";

// A request as it stands, on a connection of its own: {status, headers, body}. `lines` go between
// the request line and the body, which is given its length.
function rawRequest(on, method, path, lines, body = "") {
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const hasHost = lines.some((line) => line.toLowerCase().startsWith("host:"));
  const host = hasHost ? [] : ["Host: localhost"];
  const head = [`${method} ${path} HTTP/1.1`, ...host, ...lines, ...length, "Connection: close"];
  return new Promise((done, fail) => {
    let text = "";
    const socket = connect(on.port, "127.0.0.1");
    socket.on("error", fail).on("data", (bytes) => (text += bytes)).on("close", () => {
      const end = text.indexOf("\r\n\r\n");
      const body = text.slice(end + 4);
      done({ status: Number(text.slice(9, 12)), headers: text.slice(0, end).toLowerCase(), body });
    });
    socket.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"));
    socket.write(body);
  });
}

const json = "Content-Type: application/json";
const send = (on, lines, body = sendBody()) =>
  rawRequest(on, "POST", "/api/v1/emails", [`x-api-key: ${on.key}`, json, ...lines],
    JSON.stringify(body));

async function strangers(t, on, count, head) {
  const sockets = await Promise.all(Array.from({ length: count }, () => new Promise((done) => {
    const socket = connect(on.port, "127.0.0.1", () => done(socket));
    socket.on("error", () => {});
  })));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) socket.write(head);
}

test("announced bodies of strangers stop no send", async (t) => {
  const on = await engine(t);
  for (const [path, more] of [["/api/v1/emails/batch", "Content-Length: 8388608"],
    ["/api/v1/emails/batch", "Transfer-Encoding: chunked"], ["/mcp", "Content-Length: 4194304"],
    ["/messages?sessionId=x", "Transfer-Encoding: chunked"]]) {
    await strangers(t, on, 40, `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${json}\r\n${more}\r\n`
      + "x-api-key: sk_live_nobody\r\n\r\n");
    await accepted(on, sendBody());
  }
});

test("idle and odd connections of strangers make room", async (t) => {
  const on = await engine(t, { settings: { SEGMENTFLOW_HTTP_CONNECTIONS_MAX: "64" } });
  for (const head of ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST /api/v1/em",
    "\x16\x03\x01\x02\x00", "\r\n"]) {
    await strangers(t, on, 100, head);
    // An idle connection of the client itself may have made room: it opens another.
    await accepted(on, sendBody()).catch(() => accepted(on, sendBody()));
  }
});

test("what is there twice is refused by its name", async (t) => {
  const on = await engine(t);
  const other = await newKey(on, "other", ["all"]);
  const key = `x-api-key: ${on.key}`;
  for (const [name, lines] of [
    ["x-api-key", [key]], ["x-api-key", [`x-api-key: ${on.key}, ${other}`]],
    ["x-api-key", [`X-Api-Key: ${other}`]],
    ["authorization", [`Authorization: Bearer ${other}`]],
    ["authorization", [`Authorization: Bearer ${on.key}`, `Authorization: Bearer ${on.key}`]],
    ["content-type", [json]], ["host", ["Host: localhost", "Host: localhost"]],
    ["content-length", ["Content-Length: 3"]],
    ["mcp-session-id", ["Mcp-Session-Id: a", "Mcp-Session-Id: b"]],
    ["x-mcp-tools", ["x-mcp-tools: emails", "x-mcp-tools: templates"]],
    ["if-match", ['If-Match: "a"', 'If-Match: "b"']],
  ]) {
    const answer = await send(on, ["Idempotency-Key: once", ...lines]);
    assert.equal(answer.status, 400, `${name} ${lines}: ${answer.body}`);
    assert.match(JSON.parse(answer.body).message.toLowerCase(), new RegExp(name));
  }
  const same = await send(on, ["Idempotency-Key: once", `Authorization: Bearer ${on.key}`]);
  assert.equal(same.status, 200, same.body);
});

test("two idempotency keys send nothing, and replay what the first has sent", async (t) => {
  const on = await engine(t);
  const two = (first, second) => [`Idempotency-Key: ${first}`, `Idempotency-Key: ${second}`];
  const refused = async (lines, body) => {
    const answer = await send(on, lines, body);
    assert.equal(answer.status, 400, answer.body);
    const { errorCode, message, details } = JSON.parse(answer.body);
    assert.equal(errorCode, "ValidationFailed");
    assert.match(message, /Idempotency-Key/);
    assert.deepEqual(details?.map(({ path }) => path), ["/idempotencyKey"]);
  };
  await refused(two("a-1", "b-2"));
  await refused(two("a-1", "a-1"));
  await refused(["Idempotency-Key: a-1, b-2"]);
  await refused(['Idempotency-Key: "a-1", "b-2"']);
  const sent = await accepted(on, sendBody(), "a-1");
  const replay = await send(on, two("a-1", "b-2"));
  assert.equal(replay.status, 200, replay.body);
  assert.equal(JSON.parse(replay.body).id, sent.id);
  assert.match(replay.headers, /idempotent-replayed: true/);
  await refused(two("b-2", "a-1"));
  await refused(two("a-1", "b-2"), sendBody({ subject: "Another" }));
  const comma = await send(on, ['Idempotency-Key: "a-1, b-2"']);
  assert.equal(comma.status, 200, comma.body);
  const batch = await rawRequest(on, "POST", "/api/v1/emails/batch",
    [`x-api-key: ${on.key}`, json, ...two("a-1", "b-2")], '{"items":[]}');
  assert.match(JSON.parse(batch.body).message, /Idempotency-Key/);
});

test("text is UTF-8 without NUL on every database", async (t) => {
  const on = await engine(t);
  const bad = await send(on, ["Idempotency-Key: caf\xE9-1"]);
  assert.equal(bad.status, 400, bad.body);
  assert.match(JSON.parse(bad.body).message, /idempotency-key|Idempotency-Key/i);
  const path = await rawRequest(on, "GET", "/api/v1/templates/%FF", [`x-api-key: ${on.key}`]);
  assert.equal(path.status, 400, path.body);
  const query = await rawRequest(on, "GET", "/api/v1/templates?status=a%00b",
    [`x-api-key: ${on.key}`]);
  assert.equal(query.status, 400, query.body);
  const template = { name: "T", definition: { subject: "${/data/t}", body: { root: "t", elements: {
    t: { type: "Text", props: { text: "${/data/t}" }, children: [] } } } },
  purpose: "Transactional" };
  for (const name of ["name", "key", "subType", "language"]) {
    const made = await on.api("POST", "/api/v1/templates",
      { key: "t", ...template, [name]: "a\u0000b" });
    assert.equal(made.status, 400, `${name}: ${made.text}`);
    assert.deepEqual(made.body.details.map((row) => row.path), [`/${name}`]);
  }
  for (const [at, body] of [["/to/externalId", { to: { externalId: "a\u0000b" } }],
    ["/from", { from: "A\u0000B <receipts@example.com>" }], ["/subject", { subject: "\u0000" }]]) {
    const answer = await on.api("POST", "/api/v1/emails", sendBody(body),
      { "Idempotency-Key": freshKey() });
    assert.equal(answer.status, 400, answer.text);
    assert.deepEqual(answer.body.details.map((row) => row.path), [at]);
  }
  // Data is kept as JSON, where it is an escape; a subject made of it is one line.
  const made = await on.api("POST", "/api/v1/templates", { key: "nul", ...template });
  assert.equal(made.status, 200, made.text);
  const sent = await on.api("POST", "/api/v1/emails", sendBody({ templateId: made.body.id,
    from: "receipts@example.com", data: { t: "a\u0000b" } }), { "Idempotency-Key": freshKey() });
  assert.equal(sent.status, 200, sent.text);
  assert.equal(sent.body.subject, "a b");
  const latin = await run("/bin/sh", ["-c",
    `"${on.executable}" keys create --name "$(printf 'caf\\351')" --scopes all`], { env: on.env });
  assert.equal(latin.code, 2);
  assert.match(latin.stderr, /not valid UTF-8/);
});

test("health answers whatever the Host, and several names are ours", async (t) => {
  const on = await engine(t, { settings: {
    SEGMENTFLOW_PUBLIC_URL: "https://mail.example.com, http://segmentflow:3001" } });
  const status = async (path, host, more = []) =>
    (await rawRequest(on, "GET", path, [`Host: ${host}`, ...more])).status;
  for (const path of ["/healthz", "/readyz"]) {
    assert.equal(await status(path, "10.2.3.4:3001"), 200, path);
    assert.equal(await status(path, "10.2.3.4", ["Origin: https://evil.example"]), 403, path);
  }
  assert.equal(await status("/metrics", "10.2.3.4:3001"), 403);
  for (const host of ["segmentflow:3001", "mail.example.com", "127.0.0.2:80"]) {
    assert.equal(await status("/metrics", host), 200, host);
    assert.equal(await status("/api/v1/status", host, [`x-api-key: ${on.key}`]), 200, host);
  }
  assert.equal(await status("/api/v1/status", "10.2.3.4", [`x-api-key: ${on.key}`]), 403);
});

test("SIGHUP stops nothing", async (t) => {
  const on = await engine(t);
  on.program.child.kill("SIGHUP");
  await eventually("the signal is told", () => on.program.log().includes("SIGHUP"));
  await accepted(on, sendBody());
  assert.equal((await on.program.kill()).code, 0);
});

test("nobody reads the log: requests and the end go on, and the losses are told", async (t) => {
  const data = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: data };
  assert.equal((await run(binary, ["init", "--demo"], { env })).code, 0);
  const port = await freePort();
  const child = spawn(binary, ["serve", "--listen", `127.0.0.1:${port}`],
    { env: environment(env), stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  child.stderr.pause();
  const ended = new Promise((done) => child.once("exit", (code) => done(code)));
  const url = `http://127.0.0.1:${port}`;
  await eventually("the server answers", () =>
    fetch(`${url}/readyz`).then(({ status }) => status === 200, () => false));
  const key = (await readFile(join(data, "demo.key"), "utf8")).trim();
  for (let i = 0; i < 1500; ++i) {  // each is a line of more than 1 KiB; the queue takes 1 MiB
    const answer = await fetch(`${url}/${"x".repeat(1000)}`);
    await answer.arrayBuffer();
  }
  const sent = await fetch(`${url}/api/v1/emails`, { method: "POST",
    body: JSON.stringify(sendBody()),
    headers: { "x-api-key": key, "content-type": "application/json", "idempotency-key": "k" } });
  assert.equal(sent.status, 200, await sent.text());
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  child.stderr.resume();
  await eventually("the losses are told",
    () => /"\d+ log lines before this one were lost/.test(log));
  for (const line of log.split("\n").slice(0, -1)) JSON.parse(line);
  child.stderr.pause();
  child.kill("SIGTERM");
  assert.equal(await ended, 0);
});
