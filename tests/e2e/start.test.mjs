// What ./dev start prints can be pasted as it stands: the curl sends an email, the configuration
// starts an MCP server, and the captured mail is where it says.
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

import { dataFolder, eventually, freePort, run, start } from "./harness.mjs";

const dev = fileURLToPath(new URL("../../dev", import.meta.url));

async function sendPasted(curl) {
  const done = await run("bash", ["-c", curl]);
  assert.equal(done.code, 0, done.stderr);
  const send = JSON.parse(done.stdout);
  assert.equal(send.status, "Queued", done.stdout);
  return send;
}

async function toolNames(t, { command, args, env }) {
  const client = new Client({ name: "segmentflow-e2e", version: "1.0.0" });
  t.after(() => client.close());
  await client.connect(new StdioClientTransport({ command, args, env, stderr: "ignore" }));
  const { tools } = await client.listTools();
  return tools.map((tool) => tool.name);
}

test("./dev start serves, and its hints work", async (t) => {
  const data = join(await dataFolder(t), "with 'quote\" and space");
  const address = `127.0.0.1:${await freePort()}`;
  const program = start(t, dev, ["start"], {
    env: { SEGMENTFLOW_DATA_DIR: data, SEGMENTFLOW_LISTEN: address },
  });
  await eventually("the server is ready", () => {
    if (!program.isRunning) throw new Error(`./dev start ended:\n${program.log()}`);
    return fetch(`http://${address}/readyz`).then((answer) => answer.ok, () => false);
  });
  assert.equal((await stat(join(data, "demo.key"))).mode & 0o777, 0o600);

  const [curl] = /^ {2}curl [^]*?^ {4}\}'$/m.exec(program.log());
  const first = await sendPasted(curl);
  const second = await sendPasted(curl);
  assert.notEqual(first.id, second.id, "each paste is an email of its own");

  const [, folder] = /^ {2}captured mail +(.*)\/\*\.eml$/m.exec(program.log());
  await eventually("two captured messages", async () => {
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => name.endsWith(".eml")).length === 2;
  });

  const [json] = /^ {2}\{\n[^]*?^ {2}\}$/m.exec(program.log());
  const names = await toolNames(t, JSON.parse(json).mcpServers.segmentflow);
  assert.ok(names.includes("send_email"), names.join(", "));
});
