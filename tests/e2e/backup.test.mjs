// Copies of a database in use: they accept, and send what was queued only when an operator says so.
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, finalSend, postSend, sendBody } from "./demo.mjs";
import { dataFolder, engine, eventually, run, sink } from "./harness.mjs";

const QUEUED = 5;

// An installation with queued emails, served with a mail server that nobody listens at.
async function withQueue(t) {
  const settings = { SEGMENTFLOW_SMTP_URL: "smtp://127.0.0.1:1?tls=off" };
  const on = await engine(t, { settings });
  const sends = [];
  for (let n = 0; n < QUEUED; ++n) sends.push(await accepted(on, sendBody(), `queued-${n}`));
  return { on, sends };
}

// The backup as the database of a new data folder, with the original's secret and key.
async function restored(t, on, file) {
  const data = join(await dataFolder(t), "restored");
  await mkdir(data, { mode: 0o700 });
  await copyFile(file, join(data, "segmentflow.db"));
  for (const name of ["secret", "demo.key"]) await copyFile(join(on.data, name), join(data, name));
  return data;
}

test("a restored backup accepts and replays, and holds its queue until resume", async (t) => {
  const { on, sends } = await withQueue(t);
  const file = join(await dataFolder(t), "copy.db");
  const done = await on.cli(["backup", file]);
  assert.equal(done.code, 0, done.stderr);
  assert.equal(done.stdout.trim(), file);
  assert.match(done.stderr, new RegExp(`${QUEUED} queued emails are on hold`));
  assert.match(done.stderr, /secret/);
  assert.equal((await stat(file)).mode & 0o777, 0o600, "nobody else may read it");
  const again = await on.cli(["backup", file]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /there already/);

  const mail = await sink(t);
  const folder = await restored(t, on, file);
  const settings = { SEGMENTFLOW_SMTP_URL: mail.url };
  const copy = await engine(t, { folder, settings });
  await eventually("the log says so", () =>
    /5 emails are on hold.*segmentflow resume/.test(copy.program.log()));
  const replay = await postSend(copy, sendBody(), "queued-0");
  assert.equal(replay.body.id, sends[0].id, "idempotency keys are kept");
  const fresh = await accepted(copy, sendBody(), "new one");
  assert.equal((await finalSend(copy, fresh.id)).status, "Sent");
  assert.equal(mail.messages.length, 1, "only the new one went out");
  assert.match((await copy.cli(["nodes"])).stdout, /5 emails are on hold/);
  assert.match((await copy.cli(["doctor"])).stdout, /warn {2}5 emails are on hold/);
  const metrics = await copy.api("GET", "/metrics");
  assert.match(metrics.text, /^segmentflow_jobs_held 5$/m);

  const resumed = await copy.cli(["resume"]);
  assert.equal(resumed.stdout, "5 emails that were on hold are due now.\n");
  await mail.received(1 + QUEUED);
  for (const { id } of sends) assert.equal((await finalSend(copy, id)).status, "Sent");
});

test("a backup of a database under load is whole", async (t) => {
  const { on } = await withQueue(t);
  let isOn = true;
  let count = 0;
  const load = (async () => {
    while (isOn) await accepted(on, sendBody(), `load-${(count += 1)}`);
  })();
  const file = join(await dataFolder(t), "copy.db");
  await eventually("some load", () => count > 10);
  const done = await on.cli(["backup", file]);
  isOn = false;
  await load;
  assert.equal(done.code, 0, done.stderr);
  const check = "import sqlite3,sys; print(sqlite3.connect(sys.argv[1])" +
    ".execute('PRAGMA integrity_check').fetchone()[0])";
  const verdict = await run("/usr/bin/python3", ["-c", check, file]);
  assert.equal(verdict.stdout, "ok\n");
});

test("a backup that finds no room leaves nothing behind", async (t) => {
  const { on } = await withQueue(t);
  const folder = await dataFolder(t);
  const file = join(folder, "copy.db");
  assert.equal((await on.cli(["backup", file])).code, 0);
  const blocks = Math.ceil((await stat(file)).size / 1024);
  await rm(file);
  // A limit on the size of files stands for a full disk: at the first page, midway, at the last.
  for (const limit of [1, Math.floor(blocks / 2), blocks - 1]) {
    const limited = `ulimit -f ${limit}; exec "$0" backup "$1"`;
    const done = await run("bash", ["-c", limited, on.executable, file], { env: on.env });
    assert.equal(done.code, 1, done.stderr);
    assert.match(done.stderr, /Cannot write .*copy\.db/);
    assert.deepEqual(await readdir(folder), [], `limited to ${limit} KiB of ${blocks}`);
  }
  assert.equal((await on.cli(["backup", file])).code, 0);
  assert.deepEqual(await readdir(folder), ["copy.db"]);
});

test("nodes lists the processes and what they have under way", async (t) => {
  const on = await engine(t);
  const { stdout } = await on.cli(["nodes"]);
  const [head, line] = stdout.split("\n");
  assert.match(head, /^ID +ROLE +HOST +PROCESS +STATE +STARTED +LAST SEEN +EMAILS$/);
  assert.match(line, new RegExp(`serve .* ${on.program.child.pid} +alive .* 0$`));
});
