// A database that 0.1.0 left (tests/e2e/v0.1.0) is opened by today's program and goes on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { databaseSettings, isPostgres } from "./database.mjs";
import { accepted, finalSend, freshKey, sendBody } from "./demo.mjs";
import { dataFolder, engine, eventually, sink } from "./harness.mjs";
import { raw } from "./v0.1.0/raw.mjs";

const kept = (name) => readFile(new URL(`v0.1.0/${name}`, import.meta.url));
const backend = isPostgres ? "postgres" : "sqlite";

// The old database in a data folder of its own, with its secrets; what is in it.
async function old(t) {
  const folder = join(await dataFolder(t), "data");
  await mkdir(folder, { mode: 0o700 });
  const about = JSON.parse(await kept(`${backend}.json`));
  for (const [name, bytes] of Object.entries(about.secrets)) {
    await writeFile(join(folder, name), Buffer.from(bytes, "base64"), { mode: 0o600 });
  }
  const data = gunzipSync(await kept(isPostgres ? "postgres.sql.gz" : "sqlite.db.gz"));
  const { SEGMENTFLOW_DATABASE_URL: url } = await databaseSettings(folder);
  if (isPostgres) execFileSync("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", url], { input: data });
  else await writeFile(join(folder, "segmentflow.db"), data, { mode: 0o600 });
  return { folder, ...about };
}

test("a database of 0.1.0 is opened, and goes on as it was left", async (t) => {
  const { folder, sends, batch } = await old(t);
  const mail = await sink(t);
  const on = await engine(t, { folder, settings: { SEGMENTFLOW_SMTP_URL: mail.url } });
  const statusOf = async ({ id }) => (await on.api("GET", `/api/v1/emails/${id}`)).body.status;

  // On PostgreSQL the old file is a restored copy once more: all of its queue is on hold.
  const onHold = isPostgres ? [...sends.held, ...sends.queued] : sends.held;
  assert.match((await on.cli(["nodes"])).stdout, new RegExp(`^${onHold.length} emails`, "m"));
  const fresh = await accepted(on, sendBody(), freshKey());
  assert.equal((await finalSend(on, fresh.id)).status, "Sent");
  if (!isPostgres) {
    for (const send of sends.queued) assert.equal((await finalSend(on, send.id)).status, "Sent");
  }
  for (const send of sends.final) assert.equal(await statusOf(send), "Sent");
  for (const send of [...sends.held, ...sends.unapproved]) {
    assert.match(await statusOf(send), /Queued|Processing/, `${send.key} waits`);
  }

  await t.test("the same requests are replays", async () => {
    const before = mail.messages.length;
    for (const { id, key, headers, text } of Object.values(sends).flat()) {
      const answer = await raw(on, headers, text);
      assert.deepEqual([answer.id, answer.isReplay], [id, true], key);
    }
    const again = await on.api("POST", "/api/v1/emails/batch", batch.request);
    assert.deepEqual(again.body.items.map((item) => item.send.id), batch.ids);
    const other = await on.api("POST", "/api/v1/emails", { templateKey: "receipt-default",
      to: { email: "bo@example.com" }, data: { orderId: "ord_1" } },
    { "Idempotency-Key": "final-1" });
    assert.equal(other.status, 409, other.text);
    assert.equal(mail.messages.length, before, "nothing was sent again");
  });

  await t.test("what waits goes out once it may, and once", async () => {
    assert.equal((await on.cli(["resume"])).code, 0);
    for (const send of onHold) assert.equal((await finalSend(on, send.id)).status, "Sent");
    for (const send of sends.unapproved) assert.equal(await statusOf(send), "Queued");
    const list = (await on.cli(["approvals", "list"])).stdout;
    const approvals = list.match(/^[0-9a-f-]{36}/gm);
    assert.equal(approvals.length, sends.unapproved.length, list);
    assert.equal((await on.cli(["approvals", "approve", approvals[0]])).code, 0);
    await eventually("one of them goes out", async () =>
      (await Promise.all(sends.unapproved.map(statusOf))).sort().join() === "Queued,Sent");
    assert.equal(mail.messages.length, 1 + sends.held.length + sends.queued.length + 1);
  });
});
