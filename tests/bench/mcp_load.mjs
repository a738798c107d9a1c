// Calls an MCP server and tells what a call costs it:
//   node mcp_load.mjs '{"transport": "stdio" | "http", "era": "legacy" | "modern", "calls": 20000,
//                       "inFlight": 32, "method": "tools/call", "command": [...], "env": {...},
//                       "headers": {...}, "url": "http://…/mcp"}'
// The command is started here; over HTTP it prints its address, unless `url` says it. Each answer
// is checked. Prints {"calls", "seconds", "cpu_us", "resident_mb", "bytes"}: CPU of the server for
// each call.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const wanted = JSON.parse(process.argv[2]);
const { transport, era, calls, inFlight, method, command } = wanted;
const warmUp = Math.min(2_000, calls / 5);
const ticksPerSecond = 100;

const server = spawn(command[0], command.slice(1),
  { stdio: ["pipe", "pipe", "inherit"], env: wanted.env ?? process.env });
const firstLine = () => new Promise((done) => server.stdout.once("data", (text) =>
  done(String(text).split("\n")[0])));

function used() {
  const stat = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ");
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return {
    cpuUs: (Number(stat[11]) + Number(stat[12])) * (1e6 / ticksPerSecond),
    residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
  };
}

const modernMeta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const params = method === "tools/call" ? { name: "echo", arguments: { message: "hello" } } : {};
if (era === "modern") params._meta = modernMeta;
const expected = method === "tools/call" ? "hello" : "\"tools\"";

const message = (id) => JSON.stringify({ jsonrpc: "2.0", id, method, params });
const initialize = JSON.stringify({
  jsonrpc: "2.0", id: 0, method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {},
    clientInfo: { name: "load", version: "1" } },
});

// Makes `count` calls, `inFlight` at a time; `send(id)` gives a promise of the answer's text.
async function run(send, count) {
  let next = 1;
  let bytes = 0;
  const worker = async () => {
    while (next <= count) {
      const id = next++;
      const text = await send(id);
      if (!text.includes(expected)) throw new Error(`an answer without ${expected}: ${text}`);
      bytes = text.length;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return bytes;
}

function overStdio() {
  const waiting = new Map();
  let rest = "";
  server.stdout.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const id = Number(/"id":(\d+)/.exec(line)[1]);
      waiting.get(id)?.(line);
      waiting.delete(id);
    }
  });
  const write = (id, text) => new Promise((done) => {
    waiting.set(id, done);
    server.stdin.write(`${text}\n`);
  });
  return { open: () => write(0, initialize), send: (id) => write(id, message(id)) };
}

// One connection for each call in flight; answers carry their length.
async function overHttp() {
  const url = new URL(wanted.url ?? await firstLine());
  const free = [];
  for (let i = 0; i < inFlight; i += 1) {
    const socket = connect(Number(url.port), url.hostname);
    socket.setNoDelay(true);
    free.push(socket);
    let rest = "";
    socket.setEncoding("latin1").on("data", (text) => {
      rest += text;
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      const answer = rest;
      rest = rest.slice(end + 4 + length);
      free.push(socket);
      socket.answered(answer);
    });
  }
  let more = "";
  const post = (text) => new Promise((done) => {
    const socket = free.pop();
    socket.answered = done;
    socket.write(`POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n" +
      `${more}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  });
  for (const [name, value] of Object.entries(wanted.headers ?? {})) more += `${name}: ${value}\r\n`;
  return {
    open: async () => {
      if (era === "modern") {
        more += `MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: ${method}\r\n`;
        if (method === "tools/call") more += "Mcp-Name: echo\r\n";
        return;
      }
      const id = /mcp-session-id: *(\S+)/i.exec(await post(initialize))[1];
      more += `Mcp-Session-Id: ${id}\r\nMCP-Protocol-Version: 2025-11-25\r\n`;
      await post(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
    },
    send: (id) => post(message(id)),
  };
}

const { open, send } = transport === "stdio" ? overStdio() : await overHttp();
if (transport === "http" || era === "legacy") await open();
await run(send, warmUp);
const before = used();
const started = process.hrtime.bigint();
const bytes = await run(send, calls);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const after = used();
console.log(JSON.stringify({ calls, seconds, bytes, cpu_us: (after.cpuUs - before.cpuUs) / calls,
  resident_mb: after.residentMb }));
server.kill();
process.exit(0);
