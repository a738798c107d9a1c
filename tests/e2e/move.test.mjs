// From SQLite to PostgreSQL with everything: ids, idempotency keys, queued emails.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { makeDatabase, psql, rows } from "./database.mjs";
import { accepted, finalSend, postSend, sendBody } from "./demo.mjs";
import { binary, engine, random, run, seed, sink } from "./harness.mjs";

const NOWHERE = "smtp://127.0.0.1:1?tls=off";
const SENDS = 40;
const KILLS = 6;
const KILL_WITHIN_MS = 80;

let databases = 0;
const emptyDatabase = () => makeDatabase(`move_${process.pid}_${(databases += 1)}`);

// A served SQLite installation whose emails are all queued; stop() ends it.
async function source(t, sends = SENDS) {
  const settings = { SEGMENTFLOW_SMTP_URL: NOWHERE, SEGMENTFLOW_DATABASE_URL: "" };
  const on = await engine(t, { settings });
  const ids = [];
  for (let n = 0; n < sends; ++n) ids.push((await accepted(on, sendBody(), `moved-${n}`)).id);
  return { ids, on, stop: () => on.program.kill() };
}

const migrate = (on, url) => run(binary, ["migrate", "--to", url], { env: on.env });

async function served(t, on, url, mail) {
  const settings = { SEGMENTFLOW_DATABASE_URL: url, SEGMENTFLOW_SMTP_URL: mail.url };
  return engine(t, { folder: on.data, settings });
}

// Everything is there under its id and key, and goes out once.
async function assertMoved(t, { ids, on }, url) {
  const mail = await sink(t);
  const moved = await served(t, on, url, mail);
  for (const id of ids) assert.equal((await finalSend(moved, id)).status, "Sent");
  const replay = await postSend(moved, sendBody(), "moved-0");
  assert.equal(replay.body.id, ids[0]);
  const conflict = await postSend(moved, sendBody({ subject: "another" }), "moved-0");
  assert.equal(conflict.status, 409);
  const fresh = await accepted(moved, sendBody(), "after the move");
  assert.equal((await finalSend(moved, fresh.id)).status, "Sent");
  assert.equal(mail.messages.length, ids.length + 1, "each went out once");
  const names = mail.messages.map(({ parsed }) => parsed.messageId);
  assert.equal(new Set(names).size, ids.length + 1);
}

test("an installation moves with its queue, and the old one is retired", async (t) => {
  const from = await source(t);
  const url = await emptyDatabase();
  const running = await migrate(from.on, url);
  assert.equal(running.code, 1, "a running source is refused");
  assert.match(running.stderr, /serve \(process \d+ on .*\) still uses the source/);
  await from.stop();
  const done = await migrate(from.on, url);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /^Moved to postgresql:.*SEGMENTFLOW_DATABASE_URL/);
  const again = await migrate(from.on, url);
  assert.deepEqual([again.code, again.stdout], [0, done.stdout], "a finished move stays finished");
  for (const command of ["serve", "doctor", "mcp"]) {
    const env = { ...from.on.env, SEGMENTFLOW_API_KEY: from.on.key };
    const retired = await run(binary, [command], { env });
    // mcp answers its host all the same, to say what is wrong, and ends well with its input.
    assert.equal(retired.code, command === "mcp" ? 0 : 1, command);
    assert.match(retired.stdout + retired.stderr, /was moved to postgresql:/, command);
  }
  await assertMoved(t, from, url);
});

test("a move that is killed again and again goes on where it was", async (t) => {
  const from = await source(t);
  await from.stop();
  const url = await emptyDatabase();
  for (let kill = 0; kill < KILLS; ++kill) {
    const child = spawn(binary, ["migrate", "--to", url], {
      env: { PATH: process.env.PATH, ...from.on.env }, stdio: "ignore",
    });
    const ended = once(child, "close");
    await new Promise((done) => setTimeout(done, random() * KILL_WITHIN_MS));
    child.kill("SIGKILL");
    await ended;
  }
  t.diagnostic(`seed ${seed}: ${KILLS} kills`);
  const done = await migrate(from.on, url);
  assert.equal(done.code, 0, done.stderr);
  await assertMoved(t, from, url);
});

test("a target that holds something else is refused, and stays as it is", async (t) => {
  const [one, other] = [await source(t, 2), await source(t, 2)];
  await one.stop();
  await other.stop();
  const url = await emptyDatabase();
  assert.equal((await migrate(one.on, url)).code, 0);
  const count = () => rows({ env: { SEGMENTFLOW_DATABASE_URL: url } },
    "SELECT count(*) AS sends FROM email_sends");
  const refused = await migrate(other.on, url);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /not empty/);
  assert.deepEqual(await count(), [{ sends: 2 }]);
  const again = await engine(t, { folder: other.on.data, settings: other.on.env });
  assert.equal((await postSend(again, sendBody(), "moved-1")).body.id, other.ids[1],
    "a source whose move was refused goes on");
});

test("a database into which rows are still arriving is no installation yet", async (t) => {
  const from = await source(t, 3);
  await from.stop();
  const url = await emptyDatabase();
  // As an interrupted move leaves it.
  assert.equal((await migrate(from.on, url)).code, 0);
  await psql(url, `INSERT INTO arriving_moves (token, started_at) VALUES ('\\x00', 0);
                   DELETE FROM installation`);
  const serving = await run(binary, ["init"], {
    env: { ...from.on.env, SEGMENTFLOW_DATABASE_URL: url },
  });
  assert.equal(serving.code, 1);
  assert.match(serving.stderr, /still being moved.*segmentflow migrate/);
});
