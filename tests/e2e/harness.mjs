// What end-to-end tests share: a fresh engine with the demo, HTTP and MCP callers, SMTP receivers.
// Everything started for a test is stopped, and its folder removed, when that test ends.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

import { databaseSettings } from "./database.mjs";

const root = resolve(fileURLToPath(import.meta.url), "../../..");
export const binary = process.env.SEGMENTFLOW_BIN ?? join(root, "build/release/segmentflow");
export const debugBinary =
  process.env.SEGMENTFLOW_DEBUG_BIN ?? join(root, "build/debug/segmentflow");
export const conformanceServer = process.env.SEGMENTFLOW_CONFORMANCE_SERVER ??
  join(root, "build/release/mcp_conformance_server");
const smtpSinkBinary = process.env.SEGMENTFLOW_SMTP_SINK ?? join(root, "build/tools/smtp-sink");

// How long a test waits for something that must happen; generous, as passing tests never do.
const WAIT_MS_MAX = 30_000;
const STOP_MS_MAX = 35_000; // serve may take 30 s to let dialogues finish
const POLL_MS = 20;

// The seed of this process's random choices; SEGMENTFLOW_TEST_SEED repeats a run.
export const seed = process.env.SEGMENTFLOW_TEST_SEED ?? randomBytes(8).toString("hex");
console.log(`# seed ${seed} (repeat with SEGMENTFLOW_TEST_SEED=${seed})`);

// random(): numbers in [0, 1) that depend on the seed only (mulberry32).
let randomState = Number.parseInt(seed.slice(0, 8), 16) || 1;
export function random() {
  randomState = (randomState + 0x6d2b79f5) | 0;
  let mixed = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The first truthy value of probe(), asked again and again; throws with `what` when none comes.
export async function eventually(what, probe, { timeoutMs = WAIT_MS_MAX } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`did not happen within ${timeoutMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}

// A TCP port of 127.0.0.1 that was free a moment ago.
export async function freePort() {
  const server = createServer();
  await new Promise((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// A data folder that is removed when the test ends. `t` is the context of node:test.
export async function dataFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "segmentflow-e2e-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

// The caller's environment without settings of the engine, plus `settings`.
export function environment(settings) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("SEGMENTFLOW_"));
  return { ...Object.fromEntries(kept), ...settings };
}

// Runs a program to its end: {code, signal, stdout, stderr}.
export function run(command, args, { env = {}, input = "" } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env: environment(env) });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => (texts[name] += text));
    }
    child.once("error", fail);
    child.once("close", (code, signal) => done({ code, signal, ...texts }));
    child.stdin.on("error", () => {}); // a program may end without reading its input
    child.stdin.end(input);
  });
}

// A long-running program: {child, log(), ended, kill(signal)}. Stopped when the test ends.
export function start(t, command, args, { env = {} } = {}) {
  const child = spawn(command, args, { env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (log += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const ended = new Promise((done) => {
    child.once("error", (error) => done({ error }));
    child.once("close", (code, signal) => done({ code, signal }));
  });
  const program = { child, log: () => log, ended, isRunning: true };
  ended.then(() => (program.isRunning = false));
  program.kill = async (signal = "SIGTERM") => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    const result = await ended;
    clearTimeout(timer);
    return result;
  };
  t.after(() => program.isRunning && program.kill());
  return program;
}

async function initialise(executable, env) {
  const done = await run(executable, ["init", "--demo"], { env });
  if (done.code === 0) return;
  const how = done.code ?? done.signal;
  throw new Error(`segmentflow init --demo ended with ${how}:\n${done.stderr}`);
}

async function whenReady(program, url) {
  await eventually(`${url}/readyz answers 200`, async () => {
    if (!program.isRunning) throw new Error(`serve ended before it was ready:\n${program.log()}`);
    return fetch(`${url}/readyz`).then((answer) => answer.status === 200, () => false);
  });
}

// A running engine with the demo organisation, ready for requests.
//   executable  the program (default: the binary under test)
//   folder      a data folder used before (default: a fresh one)
//   settings    environment, such as SEGMENTFLOW_SMTP_URL (default: mail is captured)
// Gives api() for HTTP and cli(args) for commands, both with the demo's key, and what they rest on.
export async function engine(t, { executable = binary, folder, settings = {} } = {}) {
  const data = folder ?? (await dataFolder(t));
  const database = await databaseSettings(data);
  const env = { SEGMENTFLOW_DATA_DIR: data, ...database, ...settings };
  await initialise(executable, env);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = start(t, executable, ["serve", "--listen", `127.0.0.1:${port}`], { env });
  await whenReady(program, url);
  const key = (await readFile(join(data, "demo.key"), "utf8")).trim();
  const withKey = { ...env, SEGMENTFLOW_API_KEY: key };
  const cli = (args, input) => run(executable, args, { env: withKey, input });
  return { api: apiOf(url, key), cli, data, env, executable, key, port, program, url };
}

// api(method, path, body, headers) → {status, headers, text, body}. The body is sent as JSON, a
// string as it stands; the answer's body is parsed when it is JSON, else undefined. It throws when
// no answer comes within timeoutMs.
export function apiOf(url, key, { timeoutMs } = {}) {
  return async (method, path, body, headers = {}) => {
    const hasBody = body !== undefined;
    const answer = await fetch(url + path, {
      method,
      signal: timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs),
      headers: {
        "x-api-key": key,
        ...(hasBody ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body: hasBody && typeof body !== "string" ? JSON.stringify(body) : body,
    });
    const { status, headers: answered } = answer;
    const text = await answer.text();
    const isJson = (answered.get("content-type") ?? "").startsWith("application/json");
    return { status, headers: answered, text, body: isJson ? JSON.parse(text) : undefined };
  };
}

// A new key with these scopes (an array) in the engine's organisation, or in the one that is named.
export async function newKey(of, name, scopes, organization) {
  const args = ["keys", "create", "--name", name, "--scopes", scopes.join(",")];
  if (organization) args.push("--organization", organization);
  const done = await run(of.executable, args, { env: of.env });
  if (done.code !== 0) throw new Error(`keys create ended with ${done.code}:\n${done.stderr}`);
  return done.stdout.trim();
}

// An MCP client of the official SDK, talking to `segmentflow mcp` over stdio.
export async function mcpClient(t, of, { key = of.key, settings = {}, args = [] } = {}) {
  const transport = new StdioClientTransport({
    command: of.executable,
    args: ["mcp", ...args],
    env: environment({ ...of.env, ...settings, SEGMENTFLOW_API_KEY: key }),
    stderr: "pipe",
  });
  let log = "";
  transport.stderr?.on("data", (bytes) => (log += bytes));
  const client = new Client({ name: "segmentflow-e2e", version: "1.0.0" });
  t.after(() => client.close());
  try {
    await client.connect(transport);
  } catch (error) {
    throw new Error(`segmentflow mcp did not answer: ${error.message}\n${log}`, { cause: error });
  }
  return { client, log: () => log };
}

// `segmentflow mcp` with nothing between: request() and notify() write one line each, request()
// gives the answer of its id, lines holds all that came on stdout. endInput() ends as a host does.
export function mcpProcess(t, of, { key = of.key, settings = {} } = {}) {
  const env = environment({ ...of.env, ...settings, SEGMENTFLOW_API_KEY: key });
  const child = spawn(of.executable, ["mcp"], { env });
  const lines = [];
  let log = "";
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    lines.push(...parts);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const ended = new Promise((done) => {
    child.once("close", (code, signal) => done({ code, signal }));
  });
  t.after(() => child.kill("SIGKILL"));
  let lastId = 0;
  const write = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  const answerTo = (id) =>
    eventually(`an answer to request ${id} (stderr: ${log})`, () =>
      lines.map((line) => JSON.parse(line)).find((message) => message.id === id),
    );
  return {
    lines,
    log: () => log,
    rest: () => rest,
    write: (text) => child.stdin.write(text),
    notify: (method, params) => write({ jsonrpc: "2.0", method, params }),
    request: (method, params) => {
      lastId += 1;
      write({ jsonrpc: "2.0", id: lastId, method, params });
      return answerTo(lastId);
    },
    answerTo,
    endInput: () => {
      child.stdin.end();
      return ended;
    },
  };
}

function receiveInto(messages) {
  return (stream, session, callback) => {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", async () => {
      const raw = Buffer.concat(parts);
      messages.push({
        envelope: {
          from: session.envelope.mailFrom.address,
          to: session.envelope.rcptTo.map((recipient) => recipient.address),
        },
        parsed: await simpleParser(raw),
        raw,
      });
      callback();
    });
  };
}

// A mail server that keeps what it gets: {url, messages, received(count)}. `options` go to
// smtp-server, such as onRcptTo to refuse a recipient; `host` is the address it listens on.
export async function sink(t, { host = "127.0.0.1", ...options } = {}) {
  const messages = [];
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 50, // the engine keeps connections open for reuse
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    onData: receiveInto(messages),
    ...options,
  });
  server.on("error", () => {}); // a client that vanishes is no concern of the receiver
  await new Promise((done, fail) => {
    server.server.once("error", fail);
    server.listen(0, host, done);
  });
  t.after(() => new Promise((done) => server.close(done)));
  const { port } = server.server.address();
  const received = (count) =>
    eventually(`${count} messages received`, () => messages.length >= count && messages);
  return { messages, port, received, server, url: `smtp://127.0.0.1:${port}` };
}

async function accepts(port) {
  const socket = connect(port, "127.0.0.1");
  const isOpen = await new Promise((done) => {
    socket.once("connect", () => done(true)).once("error", () => done(false));
  });
  socket.destroy();
  return isOpen;
}

// Postfix's smtp-sink, which can be told to fail in any phase: ["-q", "DATA"] hangs up at DATA.
export async function smtpSink(t, args = []) {
  const port = await freePort();
  const asUser = process.getuid() === 0 ? ["-u", "nobody"] : []; // it refuses to run as root
  const program = start(t, smtpSinkBinary, [...asUser, ...args, `127.0.0.1:${port}`, "100"]);
  await eventually("smtp-sink listens", () => {
    if (!program.isRunning) throw new Error(`smtp-sink ended:\n${program.log()}`);
    return accepts(port);
  });
  return { port, program, url: `smtp://127.0.0.1:${port}` };
}
