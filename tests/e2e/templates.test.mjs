// Writing templates: an assistant's conversation from a mistake to a sent email, and the rules of
// changing them over REST.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, finalSend, freshKey, nobody, receiptTemplate, sendBody } from "./demo.mjs";
import { formatPage } from "./format_page.mjs";
import { engine, mcpClient } from "./harness.mjs";

const templates = "/api/v1/templates";

const definition = (text = "Hello ${/profile/firstName}, your trial ends on ${/data/day}.") => ({
  from: "receipts@example.com",
  subject: "Your trial ends on ${/data/day}",
  body: {
    root: "html",
    elements: {
      html: { type: "Html", props: {}, children: ["body"] },
      body: { type: "Body", props: {}, children: ["text", "link"] },
      text: { type: "Text", props: { text: { $template: text } }, children: [] },
      link: {
        type: "Link",
        props: { text: "Choose a plan", href: { $state: "/data/url" } },
        children: [],
      },
    },
  },
});

const wanted = (changes = {}) =>
  ({ name: "Trial", purpose: "Transactional", definition: definition(), ...changes });

// A client of the assistant's: call(tool, arguments) → {answer} or {error}.
async function assistant(t, on) {
  const { client } = await mcpClient(t, on);
  return async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    const said = JSON.parse(result.content[0].text);
    return result.isError ? { error: said } : { answer: said };
  };
}

test("an assistant writes a template, mends it, looks at it and sends it", async (t) => {
  const on = await engine(t);
  const call = await assistant(t, on);

  const { answer: format } = await call("describe_template_format", {});
  assert.deepEqual(format.components.find(({ type }) => type === "Link").props.required,
    ["text", "href"]);
  assert.ok(format.functions.length > 0 && format.conditions.length > 0);

  const faulty = definition();
  faulty.body.elements.text = { type: "Txt", props: { text: "x" }, children: [] };
  faulty.body.elements.body.children.push("gone");
  const { answer: draft } = await call("create_template",
    { name: "Trial", key: "trial", purpose: "Transactional", definition: faulty });
  assert.equal(draft.isComplete, false);
  const told = Object.fromEntries(draft.problems.map((each) => [each.code, each]));
  assert.equal(told.unknown_component.path, "/body/elements/text/type");
  assert.match(told.unknown_component.message, /Did you mean Text\?/);
  assert.equal(told.missing_child.path, "/body/elements/body/children/2");

  const to = { email: "alex@example.com" };
  const data = { day: "12 May", url: "https://example.com/plans" };
  const { error: refused } = await call("send_email",
    { idempotencyKey: freshKey(), templateKey: "trial", to, data });
  assert.equal(refused.errorCode, "TemplateIncomplete");
  assert.ok(refused.details.some(({ path }) => path.includes("/elements/text/type")),
    JSON.stringify(refused));

  const { answer: mended } = await call("update_template",
    { id: draft.id, ifMatch: draft.etag, definition: definition() });
  assert.equal(mended.isComplete, true);
  assert.deepEqual(mended.problems, []);

  const { answer: dry } = await call("preview_template",
    { templateId: draft.id, state: { data: { day: "12 May" } } });
  assert.equal(dry.subject, "Your trial ends on 12 May");
  assert.match(dry.text, /Hello , your trial ends on 12 May\./);
  assert.match(dry.html, /^<!DOCTYPE html/);
  assert.deepEqual(dry.variables, [
    { path: "/data/day", missing: false },
    { path: "/data/url", missing: true },
    { path: "/profile/firstName", missing: true },
  ]);
  const { answer: inline } = await call("preview_template", {
    definition: definition("Inline ${/data/day}"),
    state: { data: { ...data, url: "http://example.com" } },
    omitHtml: true,
  });
  assert.match(inline.text, /^Inline 12 May/);
  assert.equal(inline.html, undefined);
  assert.ok(inline.problems.some(({ code }) => code === "insecure_url"));

  const { answer: send } = await call("send_email",
    { idempotencyKey: freshKey(), templateKey: "trial", to, data });
  assert.equal((await finalSend(on, send.id)).status, "Sent");
});

test("a template that nobody else changed is changed, another one is not", async (t) => {
  const { api } = await engine(t);
  const made = await api("POST", templates, wanted({ key: "trial", subType: "reminder" }));
  assert.equal(made.status, 200, made.text);
  const { id } = made.body;
  const etag = made.headers.get("etag");
  assert.equal(etag, `"${made.body.etag}"`);
  const put = (body, headers) => api("PUT", `${templates}/${id}`, body, headers);

  const renamed = await put({ name: "Renamed" }, { "If-Match": etag });
  assert.equal(renamed.status, 200, renamed.text);
  assert.equal(renamed.body.key, "trial", "what is absent stays");
  assert.notEqual(renamed.headers.get("etag"), etag);
  const late = await put({ name: "Late" }, { "If-Match": etag });
  assert.equal(late.status, 412, late.text);
  assert.equal(late.body.errorCode, "PreconditionFailed");
  assert.equal((await put({ name: "Any" }, { "If-Match": "*" })).status, 200);
  const cleared = await put({ key: null, subType: null });
  assert.equal(cleared.body.key ?? null, null);
  const read = await api("GET", `${templates}/${id}`);
  assert.equal(read.headers.get("etag"), cleared.headers.get("etag"));
  assert.equal(read.body.name, "Any");
});

test("what is no flat spec, or over the budget, is refused with its path", async (t) => {
  const { api } = await engine(t);
  const refused = async (body, path) => {
    const answer = await api("POST", templates, wanted({ definition: { ...definition(), body } }));
    assert.equal(answer.status, 400, answer.text);
    assert.ok(answer.body.details[0].path.startsWith(path), answer.text);
    const dry = await api("POST", `${templates}/preview`,
      { definition: { ...definition(), body } });
    assert.equal(dry.status, 400, dry.text);
  };
  await refused("text", "/definition/body");
  await refused({ root: "h", elements: [] }, "/definition/body/elements");
  const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, n) =>
    [`e${n}`, { type: "Hr", props: {} }]));
  await refused({ root: "e0", elements: many }, "/definition/body");
});

test("a preview fails where a value cannot stand, with the path", async (t) => {
  const { api } = await engine(t);
  const answer = await api("POST", `${templates}/preview`, {
    definition: definition("x"),
    state: { data: { day: { not: "a text" } } },
  });
  assert.equal(answer.status, 422, answer.text);
  assert.equal(answer.body.errorCode, "RenderFailed");
  assert.equal(answer.body.details[0].path, "/definition/subject");
  const both = await api("POST", `${templates}/preview`,
    { templateId: receiptTemplate, definition: definition() });
  assert.equal(both.status, 400, both.text);
  const neither = await api("POST", `${templates}/preview`, {});
  assert.equal(neither.status, 400, neither.text);
});

test("a template lives: archived, unarchived, copied, deleted", async (t) => {
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: "smtp://127.0.0.1:9?tls=off" } });
  const { api } = on;
  const archived = await api("POST", `${templates}/${receiptTemplate}/archive`);
  assert.equal(archived.body.status, "Archived");
  const refused = await api("POST", "/api/v1/emails", sendBody(),
    { "Idempotency-Key": freshKey() });
  assert.equal(refused.status, 422, refused.text);
  assert.equal((await api("POST", `${templates}/${receiptTemplate}/unarchive`)).body.status,
    "Active");

  const copy = await api("POST", `${templates}/${receiptTemplate}/duplicate`,
    { key: "receipt-copy" });
  assert.equal(copy.status, 200, copy.text);
  assert.notEqual(copy.body.id, receiptTemplate);
  const taken = await api("POST", `${templates}/${receiptTemplate}/duplicate`,
    { key: "receipt-copy" });
  assert.equal(taken.status, 409, taken.text);

  await accepted(on, sendBody()); // waits, as nobody listens there
  const inUse = await api("DELETE", `${templates}/${receiptTemplate}`);
  assert.equal(inUse.status, 409, inUse.text);
  const gone = await api("DELETE", `${templates}/${copy.body.id}`);
  assert.deepEqual(gone.body, { id: copy.body.id, deleted: true });
  assert.equal((await api("GET", `${templates}/${copy.body.id}`)).status, 404);
  assert.equal((await api("DELETE", `${templates}/${nobody}`)).status, 404);
});

test("sensitive values reach the reader and are kept nowhere after it", async (t) => {
  const on = await engine(t);
  const secret = "otp-53198-vivid-heron";
  const body = definition("Your code: ${/data/code}");
  body.subject = "Code ${/data/code}";
  body.sensitiveTransactionalVariablePaths = ["/data/code"];
  const { body: made } = await on.api("POST", templates,
    wanted({ key: "otp", definition: body }));
  const send = await accepted(on, sendBody({
    templateId: made.id,
    data: { code: secret, url: "https://example.com" },
  }));
  const final = await finalSend(on, send.id);
  assert.equal(final.status, "Sent");
  assert.equal(final.subject, "Code [redacted]");
  assert.ok(!on.program.log().includes(secret), "not in the log");
  // The captured message is the reader's copy: it has the value, and says that it is exempt.
  const folder = join(on.data, "captured");
  const files = await readdir(folder, { recursive: true });
  const texts = await Promise.all(files.filter((name) => /\.(eml|json)$/.test(name))
    .map((name) => readFile(join(folder, name), "utf8")));
  assert.ok(texts.some((text) => text.includes(secret)));
  assert.ok(texts.some((text) => text.includes("captured messages are exempt")));
  // The same request still replays.
  const again = await on.api("GET", `/api/v1/emails/${send.id}`);
  assert.equal(again.body.subject, "Code [redacted]");
});

// SEGMENTFLOW_TEST_UPDATE=1 writes the page instead.
test("docs/templates.md says what the renderer's tables say", async (t) => {
  const { api } = await engine(t);
  const page = new URL("../../docs/templates.md", import.meta.url);
  const before = await readFile(page, "utf8");
  const made = formatPage((await api("GET", `${templates}/schema`)).body);
  const after = before.replace(/<!-- format -->[^]*<!-- \/format -->/,
    () => `<!-- format -->\n${made}\n<!-- /format -->`);
  if (process.env.SEGMENTFLOW_TEST_UPDATE === "1") await writeFile(page, after);
  else assert.equal(before, after, "run this test with SEGMENTFLOW_TEST_UPDATE=1");
});
