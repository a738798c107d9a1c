// The machine's clock is set while emails wait. On SQLite, where it is the database's clock too.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { isPostgres } from "../e2e/database.mjs";
import { dataFolder, eventually, freePort, run } from "../e2e/harness.mjs";
import { dotSink, drained, installation, request, sendsBySubject, serve } from "./rig.mjs";

const HOUR = 3600;
const YEARS = 5 * 365 * 24 * HOUR;
const RETRY_S = 3;

const options = { skip: isPostgres && "the server's clock cannot be set" };

// An installation whose programs have a clock of their own; set(seconds) is from the real one.
async function withClock(t, settings) {
  const folder = await dataFolder(t);
  const library = join(folder, "set_clock.so");
  const source = join(dirname(fileURLToPath(import.meta.url)), "set_clock.c");
  const built = await run("clang-19", ["-shared", "-fPIC", "-O1", "-o", library, source]);
  assert.equal(built.code, 0, built.stderr);
  const file = join(folder, "clock");
  const set = (seconds) => writeFile(file, String(seconds));
  await set(0);
  const on = await installation(t, settings);
  Object.assign(on.env, { LD_PRELOAD: library, CLOCK_FILE: file });
  return { on, set };
}

async function accept(on, subject) {
  const key = { "Idempotency-Key": subject };
  const { status, text } = await on.api("POST", "/api/v1/emails", request(subject), key);
  assert.equal(status, 200, text);
}
const statusOf = async (on, subject) => (await sendsBySubject(on)).get(subject).status;

test("a clock set back by an hour, and forward and back by years, delays no retry", options,
  async (t) => {
    const port = await freePort(); // nobody listens: the email waits
    const { on, set } = await withClock(t, {
      SEGMENTFLOW_RETRY_SCHEDULE: `${RETRY_S}s`,
      SEGMENTFLOW_SMTP_URL: `smtp://127.0.0.1:${port}`,
    });
    const server = await serve(t, on);
    const wanted = [];
    for (const offset of [-HOUR, YEARS, -HOUR, 0]) {
      await accept(on, `at${wanted.length}`);
      wanted.push(`at${wanted.length}`);
      await set(offset);
      await eventually("the server has seen it", () =>
        server.log().split("clock was set").length > wanted.length);
    }
    const sink = await dotSink(t);
    await server.kill();
    on.env.SEGMENTFLOW_SMTP_URL = sink.url;
    await set(-2 * HOUR); // and again while nobody looks
    const next = await serve(t, on);
    await drained(on);
    for (const subject of wanted) {
      const { status, failureMessage } = (await sendsBySubject(on)).get(subject);
      assert.equal(status, "Sent", `${subject}: ${failureMessage}`);
      assert.equal(sink.copies(subject).length, 1);
    }
    await next.kill();
  });

test("a clock that was years slow and is right after a start fails nobody untried", options,
  async (t) => {
    const { on, set } = await withClock(t, {
      SEGMENTFLOW_SMTP_URL: `smtp://127.0.0.1:${await freePort()}`,
    });
    await set(-YEARS);
    const server = await serve(t, on);
    await accept(on, "early");
    await server.kill();
    const sink = await dotSink(t);
    on.env.SEGMENTFLOW_SMTP_URL = sink.url;
    await set(0);
    const next = await serve(t, on);
    await drained(on);
    assert.equal(await statusOf(on, "early"), "Sent");
    await accept(on, "late");
    await set(-HOUR);
    const { stdout } = await run(on.executable, ["doctor"], { env: on.env });
    assert.match(stdout, /^warn +the clock says .*newest email/m);
    await next.kill();
  });
