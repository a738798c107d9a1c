// Values on their whole way: from the bytes of a request through every surface into the mail.
import assert from "node:assert/strict";
import { test } from "node:test";

import { accepted, finalSend, freshKey, postSend } from "./demo.mjs";
import { engine, mcpClient, sink } from "./harness.mjs";

const definition = (text, changes = {}) => ({
  from: "receipts@example.com",
  subject: "No. ${/data/n}",
  body: {
    root: "html",
    elements: {
      html: { type: "Html", props: {}, children: ["body"] },
      body: { type: "Body", props: {}, children: ["text", "link"] },
      text: { type: "Text", props: { text } },
      link: {
        type: "Link",
        props: { text: "See", href: { $template: "https://example.com/?who=${/data/w}&ok=1" } },
      },
    },
  },
  ...changes,
});

async function saved(on, name, made) {
  const answer = await on.api("POST", "/api/v1/templates",
    { name, key: name, purpose: "Transactional", definition: made });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.isComplete, true, answer.text);
  return answer.body.id;
}

const to = { email: "alex@example.com" };
const preview = (on, body) => on.api("POST", "/api/v1/templates/preview", body);

test("every digit of a whole number arrives, by every way in", async (t) => {
  const receiver = await sink(t);
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url } });
  const n = "9007199254740995";
  const templateId = await saved(on, "numbers", definition({ $template: "Number ${/data/n}" }));
  // JavaScript would round it, so the bodies are texts.
  const send = `{"templateKey":"numbers","to":{"email":"alex@example.com"},"data":{"n":${n},` +
    `"w":"Tom & Co #1\\u0000\\u0007"}}`;

  const shown = await preview(on,
    `{"templateId":"${templateId}","state":{"data":{"n":${n},"w":"x"}}}`);
  assert.equal(shown.status, 200, shown.text);
  assert.equal(shown.body.subject, `No. ${n}`);
  assert.ok(shown.body.text.includes(`Number ${n}`) && shown.body.html.includes(n), shown.text);

  assert.equal((await postSend(on, send)).status, 200);
  const batch = await on.api("POST", "/api/v1/emails/batch",
    `{"items":[{"idempotencyKey":"${freshKey()}",${send.slice(1)}]}`);
  assert.equal(batch.status, 200, batch.text);
  const { client } = await mcpClient(t, on);
  const said = await client.callTool({
    name: "send_email",
    arguments: { idempotencyKey: freshKey(), templateKey: "numbers", to,
      data: { n: Number.MAX_SAFE_INTEGER, w: "x" } },
  });
  assert.notEqual(said.isError, true, JSON.stringify(said));

  const messages = await receiver.received(3);
  const subjects = messages.map(({ parsed }) => parsed.subject).sort();
  assert.deepEqual(subjects, [`No. ${Number.MAX_SAFE_INTEGER}`, `No. ${n}`, `No. ${n}`].sort());
  const { parsed } = messages.find(({ parsed: each }) => each.subject === `No. ${n}`);
  assert.ok(parsed.text.includes(`Number ${n}`), parsed.text);
  assert.ok(parsed.html.includes(`Number ${n}`), parsed.html);
  assert.ok(parsed.text.includes("https://example.com/?who=Tom%20%26%20Co%20%231"), parsed.text);

  const refused = await postSend(on, send.replace(n, "18446744073709551617"));
  assert.equal(refused.status, 400, refused.text);
});

test("a subject that shows nothing is refused as an empty one", async (t) => {
  const on = await engine(t);
  const templateId = await saved(on, "title", definition("x", { subject: "${/data/title}" }));
  const data = { w: "x", title: " \u200B" };
  for (const body of [
    { templateKey: "title", to, data },
    { templateKey: "title", to, data: {} },
    { templateKey: "title", to, data: { title: "t" }, subject: "" },
    { templateKey: "title", to, data: { title: "t" }, subject: " \u200B" },
  ]) {
    const refused = await postSend(on, body);
    assert.equal(refused.status, 400, refused.text);
    assert.equal(refused.body.errorCode, "ValidationFailed");
    assert.equal(refused.body.details[0].path, "/subject");
  }
  const batch = await on.api("POST", "/api/v1/emails/batch", {
    items: [
      { idempotencyKey: freshKey(), templateKey: "title", to, data },
      { idempotencyKey: freshKey(), templateKey: "title", to, data: { title: "t" } },
    ],
  });
  assert.equal(batch.status, 200, batch.text);
  assert.deepEqual(batch.body.items.map(({ status }) => status), ["Rejected", "Accepted"],
    batch.text);
  const shown = await preview(on, { templateId, state: { data } });
  assert.ok(shown.body.problems.some(({ code, path }) =>
    code === "empty_subject" && path === "/subject"), shown.text);
});

test("a template that wants too much ends as an error, everything else goes on", async (t) => {
  const on = await engine(t);
  const join = {
    $computed: "join",
    args: { value: { $state: "/data/l" }, separator: { $state: "/data/s" } },
  };
  const data = { n: 1, l: Array.from({ length: 20_000 }, () => "ab"), s: "s".repeat(90_000) };
  const refused = await preview(on, { definition: definition(join), state: { data } });
  assert.equal(refused.status, 422, refused.text);
  assert.equal(refused.body.errorCode, "RenderFailed");
  assert.equal(refused.body.details[0].path, "/definition/body/elements/text/props/text");

  await saved(on, "join", definition(join));
  await saved(on, "objects", definition({ $template: "To: ${/data/o}" }));
  for (const body of [
    { templateKey: "join", to, data },
    { templateKey: "objects", to, data: { n: 1, o: { b: 1 } } },
  ]) {
    const final = await finalSend(on, (await accepted(on, body)).id);
    assert.equal(final.status, "Failed", JSON.stringify(final));
    assert.equal(final.failureReason, "RenderFailed");
  }
  const other = await accepted(on, { templateKey: "objects", to, data: { n: 1, o: "x" } });
  assert.equal((await finalSend(on, other.id)).status, "Sent");
});
