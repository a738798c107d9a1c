// What the fault tests share: an installation that is started and killed again and again, a mail
// sink that says exactly what arrived, and the database as a witness of its own.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

import { databaseSettings, isPostgres, rows } from "../e2e/database.mjs";
import { apiOf, binary, dataFolder, eventually, freePort, run, start } from "../e2e/harness.mjs";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const DRAIN_MS_MAX = 60_000;

// A demo installation that nothing serves yet; serve(t, on) and mcpClient(t, on) take it. The
// settings may name a database.
export async function installation(t, settings = {}, folder = undefined) {
  const data = folder ?? (await dataFolder(t));
  const database = settings.SEGMENTFLOW_DATABASE_URL ? {} : await databaseSettings(data);
  const env = { SEGMENTFLOW_DATA_DIR: data, ...database, ...settings };
  const done = await run(binary, ["init", "--demo"], { env });
  if (done.code !== 0) throw new Error(`init ended with ${done.code}: ${done.stderr}`);
  const key = (await readFile(join(data, "demo.key"), "utf8")).trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return { api: apiOf(url, key), data, env, executable: binary, key, port, url };
}

// Another machine's place in the installation: a data folder and a port of its own, the same
// database. The installation's secret must be a setting, as in `nodeSettings`.
export async function otherNode(t, on) {
  const data = await dataFolder(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...on.env, SEGMENTFLOW_DATA_DIR: data };
  return { ...on, api: apiOf(url, on.key), data, env, port, url };
}

// For an installation of several nodes whose leases run out soon.
export const nodeSettings = (settings = {}) => ({
  SEGMENTFLOW_SECRET: randomBytes(32).toString("hex"),
  SEGMENTFLOW_RETRY_SCHEDULE: "200ms",
  SEGMENTFLOW_LEASE_HEARTBEAT: "1s",
  SEGMENTFLOW_LEASE_EXPIRY: "5s",
  SEGMENTFLOW_DATABASE_IDLE_TIMEOUT: "1s",
  SEGMENTFLOW_LOG_LEVEL: "warn",
  ...settings,
});

export const serveArgs = (on) => ["serve", "--listen", `127.0.0.1:${on.port}`];

// Waits until a started `serve` answers.
export async function whenServing(program, on) {
  await eventually(`${on.url}/readyz answers 200`, async () => {
    if (!program.isRunning) throw new Error(`serve ended before it was ready:\n${program.log()}`);
    return fetch(`${on.url}/readyz`).then((answer) => answer.status === 200, () => false);
  });
}

// Starts `serve` on the installation's own port, so that callers outlive it.
export async function serve(t, on) {
  const program = start(t, on.executable, serveArgs(on), { env: on.env });
  await whenServing(program, on);
  return program;
}

// A key whose sends are never repeated when their outcome is unknown.
export async function atMostOnceKey(on) {
  const args = ["keys", "create", "--name", "once", "--scopes", "emails:write,emails:read"];
  const done = await run(on.executable, [...args, "--at-most-once"], { env: on.env });
  if (done.code !== 0) throw new Error(`keys create ended with ${done.code}: ${done.stderr}`);
  return done.stdout.trim();
}

// A request of its own: its subject names it, at the sink and in the database.
export const request = (subject) => ({
  templateKey: "receipt-default",
  to: { email: "alex@example.com" },
  subject,
  data: { orderId: subject },
});

// The value of a metric without labels, or with exactly these.
export async function metric(on, name) {
  const text = await fetch(`${on.url}/metrics`).then((answer) => answer.text());
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

// Until no job is left.
export const drained = (on) =>
  eventually("the queue is empty", async () => (await metric(on, "segmentflow_jobs")) === 0, {
    timeoutMs: DRAIN_MS_MAX,
  });

// Every send, by its subject, with the number of its attempts per outcome.
export async function sendsBySubject(on) {
  const list = await rows(
    on,
    `SELECT s.id, s.subject, s.status, s.failure_reason, s.message_id,
       (SELECT count(*) FROM delivery_attempts a WHERE a.send_id = s.id
        AND a.outcome = 'Unknown') AS unknown,
       (SELECT count(*) FROM delivery_attempts a WHERE a.send_id = s.id
        AND a.outcome = 'Accepted') AS accepted
     FROM email_sends s`,
  );
  const found = new Map();
  for (const send of list) {
    if (found.has(send.subject)) throw new Error(`two sends for ${send.subject}`);
    found.set(send.subject, send);
  }
  return found;
}

async function canWrite(on) {
  const program = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=0.2, isolation_level=None)
db.execute("BEGIN IMMEDIATE")
db.execute("ROLLBACK")
`;
  const file = join(on.data, "segmentflow.db");
  const done = await run("/usr/bin/python3", ["-c", program, file]);
  if (done.code === 0) return true;
  if (!done.stderr.includes("database is locked")) throw new Error(done.stderr);
  return false;
}

// SIGSTOP at a moment when the process holds no write transaction: within one it would hold the
// lock of the SQLite file, and others could only wait. PostgreSQL ends such a transaction.
export async function stopBetweenWrites(on, server) {
  if (isPostgres) {
    server.child.kill("SIGSTOP");
    return;
  }
  await eventually("the server was stopped between two writes", async () => {
    server.child.kill("SIGSTOP");
    if (await canWrite(on)) return true;
    server.child.kill("SIGCONT");
    return false;
  });
}

const plainId = (hex) => hex.replaceAll("-", "");
export const sameId = (one, other) => plainId(one) === plainId(other);

// The server side of one SMTP connection; `take(raw)` gives the milliseconds until the answer to
// the final dot, and is called the moment the dot has come.
class Dialogue {
  constructor(socket, take) {
    Object.assign(this, { socket, take, input: "", isContent: false });
    socket.setEncoding("latin1").on("error", () => {}); // the peer is meant to be killed
    socket.on("data", (text) => {
      this.input += text;
      this.read();
    });
    this.say("220 sink ESMTP");
  }

  say(line) {
    if (!this.socket.destroyed) this.socket.write(`${line}\r\n`);
  }

  read() {
    while (this.isContent ? this.readContent() : this.readCommand());
  }

  readCommand() {
    const end = this.input.indexOf("\r\n");
    if (end < 0) return false;
    const verb = this.input.slice(0, 4).toUpperCase();
    this.input = this.input.slice(end + 2);
    this.isContent = verb === "DATA";
    if (verb === "EHLO") this.say("250-sink\r\n250-PIPELINING\r\n250 8BITMIME");
    else if (verb === "DATA") this.say("354 go on");
    else if (verb === "QUIT") this.socket.end("221 bye\r\n");
    else this.say("250 ok");
    return true;
  }

  readContent() {
    const end = this.input.indexOf("\r\n.\r\n");
    if (end < 0) return false;
    const raw = this.input.slice(0, end + 2);
    this.input = this.input.slice(end + 5);
    this.isContent = false;
    const message = this.take(raw);
    const answer = () => {
      message.isAnswered = true;
      this.say("250 taken");
    };
    if (message.delayMs > 0) setTimeout(answer, message.delayMs);
    else answer();
    return true;
  }
}

const headerOf = (raw, name) => new RegExp(`^${name}: (.*)\r$`, "im").exec(raw)?.[1];

// A mail server for which a message counts the moment its final dot is there. `delayMs()` is asked
// for each message how long the answer to the dot takes. copies(subject) gives what came.
export async function dotSink(t, delayMs = () => 0) {
  const messages = [];
  const sockets = new Set();
  const take = (raw) => {
    const message = {
      raw,
      subject: headerOf(raw, "Subject"),
      messageId: /<([0-9a-f-]{36})@/.exec(headerOf(raw, "Message-ID"))?.[1],
      delayMs: delayMs(messages.length),
      isAnswered: false,
    };
    messages.push(message);
    return message;
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    new Dialogue(socket, take);
  });
  await new Promise((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  const copies = (subject) => messages.filter((message) => message.subject === subject);
  const unanswered = () => messages.filter((message) => !message.isAnswered);
  const url = `smtp://127.0.0.1:${server.address().port}?tls=off`;
  return { copies, messages, unanswered, url };
}
