// What the documentation shows can be pasted, and names every field that there is.
// SEGMENTFLOW_TEST_UPDATE=1 writes the part of docs/api.md that is made.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { finalSend } from "./demo.mjs";
import { fieldsPage } from "./fields_page.mjs";
import { binary, engine, run } from "./harness.mjs";

const pageOf = (name) => new URL(`../../docs/${name}`, import.meta.url);
const start = "<!-- made by tests/e2e/pages.test.mjs from what segmentflow operations says -->\n\n";
const end = "\n<!-- end of what is made -->";

const section = (text, title) => text.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
const blocks = (text) => [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]);

// Runs a block of a page against the engine as a reader would who has set KEY.
async function pasted(on, block) {
  const command = block.replaceAll("http://127.0.0.1:3001", on.url);
  const done = await run("bash", ["-c", command], { env: { KEY: on.key } });
  assert.equal(done.code, 0, done.stderr);
  return JSON.parse(done.stdout);
}

test("docs/templates.md: what is written first can be sent", async (t) => {
  const on = await engine(t);
  const text = await readFile(pageOf("templates.md"), "utf8");
  const [create, send] = blocks(section(text, "Write one"));
  const made = await pasted(on, create);
  assert.deepEqual([made.isComplete, made.problems], [true, []]);
  const sent = await pasted(on, send);
  assert.equal(sent.subject, "Welcome, Sam");
  assert.equal((await finalSend(on, sent.id)).status, "Sent");
  const { body } = await on.api("POST", "/api/v1/templates/preview",
    { templateId: made.id, state: { data: { firstName: "Sam" } } });
  assert.deepEqual([body.text.trim(), body.problems], ["Hello Sam!", []]);
});

test("docs/api.md: the first email can be pasted", async (t) => {
  const on = await engine(t);
  const [send] = blocks(section(await readFile(pageOf("api.md"), "utf8"), "Send one email"));
  assert.equal((await finalSend(on, (await pasted(on, send)).id)).status, "Sent");
});

test("docs/api.md names every field of every operation", async () => {
  const done = await run(binary, ["operations"]);
  assert.equal(done.code, 0, done.stderr);
  const made = fieldsPage(JSON.parse(done.stdout));
  const text = await readFile(pageOf("api.md"), "utf8");
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end);
  assert.ok(from > start.length && to >= from - 1, "the page has a place for the fields");
  if (process.env.SEGMENTFLOW_TEST_UPDATE === "1") {
    await writeFile(pageOf("api.md"), text.slice(0, from) + made + text.slice(to));
  } else {
    assert.equal(text.slice(from, to), made,
      "write it: SEGMENTFLOW_TEST_UPDATE=1 node --test tests/e2e/pages.test.mjs");
  }
});
