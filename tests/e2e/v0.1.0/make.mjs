// Makes the databases of this folder with the program of a release: what upgrade.test.mjs opens
// with today's. Run with SEGMENTFLOW_BIN naming the binary of 0.1.0, and once more with
// SEGMENTFLOW_TEST_POSTGRES for the other backend:
//
//   SEGMENTFLOW_BIN=... node --test tests/e2e/v0.1.0/make.mjs
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { databaseSettings, isPostgres } from "../database.mjs";
import { finalSend, receiptTemplate } from "../demo.mjs";
import { dataFolder, engine, run } from "../harness.mjs";
import { raw } from "./raw.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
// Nothing of it may end by itself, however old the files become.
const FOR_EVER = { SEGMENTFLOW_SEND_DEADLINE: "3650d", SEGMENTFLOW_CONTENT_RETENTION: "3650d" };
const NOWHERE = { SEGMENTFLOW_SMTP_URL: "smtp://127.0.0.1:1?tls=off" };

const body = (changes) => JSON.stringify({
  templateKey: "receipt-default", to: { email: "alex@example.com" }, data: { orderId: "ord_1" },
  ...changes,
});
// Digits that no double keeps, as 0.1.0 took them.
const large = (digits) => body({ data: { orderId: "N" } }).replace('"N"', digits);

// What was sent, by what it is to be when it is opened again.
const sends = {};
async function send(on, kind, key, text, { headers } = {}) {
  const lines = headers ?? [`Idempotency-Key: ${key}`];
  const { id } = await raw(on, lines, text);
  (sends[kind] ??= []).push({ id, key, headers: lines, text });
  return id;
}

// The database as a restored copy in a folder of its own: 0.1.0 puts its queue on hold.
async function restored(t, on) {
  const folder = join(await dataFolder(t), "restored");
  await mkdir(folder, { mode: 0o700 });
  for (const name of ["secret", "demo.key"]) {
    await copyFile(join(on.data, name), join(folder, name));
  }
  const { SEGMENTFLOW_DATABASE_URL: url } = await databaseSettings(folder);
  if (isPostgres) {
    execFileSync("psql", ["-XqAt", url], { input: dump(on.env.SEGMENTFLOW_DATABASE_URL) });
  } else {
    const copied = await on.cli(["backup", join(folder, "segmentflow.db")]);
    assert.equal(copied.code, 0, copied.stderr);
  }
  return folder;
}

const dump = (url) =>
  execFileSync("pg_dump", ["--no-owner", "--no-privileges", url], { maxBuffer: 1 << 28 });

test("a database of every kind of email", async (t) => {
  const first = await engine(t, { settings: FOR_EVER });
  for (const [kind, key, text] of [
    ["final", "final-1", body()],
    ["final", "final-copies", body({ cc: ["Bo <bo@example.com>"], bcc: "cy@example.com" })],
    ["large", "large-1", large("9007199254740995")],
    ["large", "large-2", large("-9007199254740995")],
    ["large", "large-3", large("1152921504606846979")],
  ]) {
    const id = await send(first, kind, key, text);
    assert.equal((await finalSend(first, id)).status, "Sent");
  }
  const doubled = ["Idempotency-Key: a-1", "Idempotency-Key: b-2"];
  await finalSend(first, await send(first, "doubled", "a-1", body(), { headers: doubled }));
  const items = ["batch-1", "batch-2"].map((idempotencyKey) =>
    ({ idempotencyKey, to: { email: `${idempotencyKey}@example.com` }, data: { orderId: "7" } }));
  const batch = { items, defaults: { templateId: receiptTemplate } };
  const answered = await first.api("POST", "/api/v1/emails/batch", batch);
  assert.equal(answered.body.accepted, 2, answered.text);
  for (const { send: { id } } of answered.body.items) await finalSend(first, id);
  const made = await first.api("POST", "/api/v1/templates", {
    name: "Own", key: "own", purpose: "Transactional", definition: {
      from: "receipts@example.com", subject: "Own ${/data/orderId}",
      body: { root: "t", elements: { t: { type: "Text", props: { text: "Hello" } } } },
    },
  });
  assert.equal(made.status, 200, made.text);
  const keys = await run(first.executable, ["keys", "create", "--name", "asks", "--scopes", "all",
    "--ask-first", "operator"], { env: first.env });
  await first.program.kill();

  const second = await engine(t, { folder: first.data, settings: { ...FOR_EVER, ...NOWHERE } });
  const asking = { ...second, key: keys.stdout.trim() };
  for (const n of [1, 2, 3]) {
    await send(second, "held", `held-${n}`, body({ subject: `Held ${n}` }));
  }
  for (const n of [1, 2]) {
    await send(asking, "unapproved", `ask-${n}`, body({ subject: `Ask ${n}` }));
  }
  if (isPostgres) await second.program.kill();
  const folder = await restored(t, second);
  const copy = await engine(t, { folder, settings: { ...FOR_EVER, ...NOWHERE } });
  assert.match((await copy.cli(["nodes"])).stdout, /3 emails are held/);
  for (const n of [1, 2]) await send(copy, "queued", `queued-${n}`, body({ templateKey: "own" }));
  await copy.program.kill();

  const data = isPostgres ? dump(copy.env.SEGMENTFLOW_DATABASE_URL)
    : await readFile(join(folder, "segmentflow.db"));
  await writeFile(join(here, isPostgres ? "postgres.sql.gz" : "sqlite.db.gz"), gzipSync(data));
  const secrets = Object.fromEntries(await Promise.all(["secret", "demo.key"].map(async (name) =>
    [name, (await readFile(join(folder, name))).toString("base64")])));
  await writeFile(join(here, isPostgres ? "postgres.json" : "sqlite.json"), `${JSON.stringify(
    { secrets, batch: { request: batch, ids: answered.body.items.map((item) => item.send.id) },
      asks: keys.stdout.trim(), sends }, null, 1)}\n`);
});
