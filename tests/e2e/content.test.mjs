// What is in a message, read back by mailparser and by Python's email package.
import assert from "node:assert/strict";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { simpleParser } from "mailparser";

import { accepted, finalSend, sampleOf, sendBody } from "./demo.mjs";
import { engine, run, sink } from "./harness.mjs";

const LINE_BYTES_MAX = 998; // RFC 5322 §2.1.1
const CLOCK_MS_MAX = 60_000;

// The rules of RFC 5322 and 2045 that a parser forgives.
function isWellFormed(raw) {
  const text = raw.toString("latin1");
  assert.doesNotMatch(text, /(?<!\r)\n|\r(?!\n)/, "only CRLF ends a line");
  for (const line of text.split("\r\n")) {
    assert.ok(line.length <= LINE_BYTES_MAX, `a line of ${line.length} bytes`);
  }
  const head = text.slice(0, text.indexOf("\r\n\r\n"));
  assert.match(head, /^[\x20-\x7e\t\r\n]*$/, "headers are ASCII");
  for (const name of ["Date", "Message-ID", "From", "To", "Subject", "MIME-Version"]) {
    const count = head.split("\r\n").filter((line) => line.startsWith(`${name}: `)).length;
    assert.equal(count, 1, `${name} stands ${count} times in\n${head}`);
  }
  assert.doesNotMatch(text, /^bcc:/im, "bcc is envelope only");
}

// The one message that a send gave to the receiver, and the send.
async function delivered(on, receiver, body) {
  const count = receiver.messages.length;
  const final = await finalSend(on, (await accepted(on, body)).id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  const message = (await receiver.received(count + 1))[count];
  isWellFormed(message.raw);
  return { final, ...message };
}

async function relay(t) {
  const receiver = await sink(t);
  return { receiver, on: await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url } }) };
}

test("headers and parts are as they were asked for", async (t) => {
  const { on, receiver } = await relay(t);
  const { body } = await sampleOf("000-01-send-one");
  const { final, envelope, parsed, raw } = await delivered(on, receiver, body);
  assert.deepEqual([...envelope.to].sort(),
    ["alex@example.com", "audit@example.com", "billing@example.com"]);
  assert.deepEqual(parsed.from.value, [{ address: "receipts@example.com", name: "Acme Receipts" }]);
  assert.deepEqual(parsed.to.value, [{ address: "alex@example.com", name: "" }]);
  assert.deepEqual(parsed.cc.value, [{ address: "billing@example.com", name: "Billing" }]);
  assert.deepEqual(parsed.replyTo.value,
    [{ address: "support@example.com", name: "Acme Support" }]);
  assert.equal(parsed.bcc, undefined);
  assert.doesNotMatch(raw.toString("latin1"), /audit@/);
  assert.equal(parsed.subject, body.subject);
  assert.equal(parsed.messageId, `<${final.id}@example.com>`, "the EmailSend can be found by it");
  assert.ok(Math.abs(parsed.date - Date.now()) < CLOCK_MS_MAX, `${parsed.date}`);
  const type = parsed.headers.get("content-type");
  assert.equal(type.value, "multipart/alternative");
  assert.deepEqual(parsed.attachments, []);
  assert.match(parsed.text, /Hi Alex,/);
  assert.match(parsed.text, /49\.00/);
  assert.match(parsed.text, /https:\/\/app\.example\.com\/orders\/ord_9421\/receipt/);
  assert.match(parsed.html, /<html[^>]* lang="en"/);
  assert.match(parsed.html, /href="https:\/\/app\.example\.com\/orders\/ord_9421\/receipt"/);
  const [text, html] = [/Content-Type: text\/plain/, /Content-Type: text\/html/].map((one) =>
    raw.toString("latin1").search(one));
  assert.ok(text > 0 && html > text, "the plainest alternative stands first");
});

// [what, changes, what the parser must give]
const names = [
  ["non-ASCII", "Zoë Köln", "Größe: 3 €, 你好 👋"],
  ["long", "N".repeat(200), `Order ${"with a long subject ".repeat(40)}end`],
  ["long and non-ASCII", "Ünïcödé ".repeat(20).trim(), "日本語の件名".repeat(60)],
  ["one long word", "Acme", "x".repeat(998)],
  ["specials", 'Acme, "Quoted" (Ltd.) \\ <x>', "=?utf-8?Q?not_a_word?= <b> \"q\" =\\ ,;:"],
  ["blanks", "A  B", "  two  spaces  inside  and around  "],
];

test("display names and subjects survive whatever they hold", async (t) => {
  const { on, receiver } = await relay(t);
  for (const [what, name, subject] of names) {
    await t.test(what, async () => {
      const quoted = `"${name.replace(/["\\]/g, "\\$&")}"`;
      const { final, parsed } = await delivered(on, receiver, sendBody({
        from: `${quoted} <receipts@example.com>`, replyTo: `${quoted} <support@example.com>`,
        cc: `${quoted} <billing@example.com>`, subject,
      }));
      assert.equal(final.from.name, name);
      for (const list of [parsed.from, parsed.replyTo, parsed.cc]) {
        assert.equal(list.value[0].name, name);
      }
      assert.equal(final.subject, subject);
      assert.equal(parsed.subject.trim(), subject.trim());
    });
  }
});

const plainTemplate = {
  key: "plain",
  name: "Plain",
  definition: {
    subject: "Plain",
    body: {
      root: "html",
      elements: {
        html: { type: "Html", props: {}, children: ["head", "body"] },
        head: { type: "Head", props: {}, children: [] },
        body: { type: "Body", props: {}, children: ["one", "two"] },
        one: { type: "Text", props: { text: { $state: "/data/one" } } },
        two: { type: "Text", props: { text: { $state: "/data/two" } } },
      },
    },
  },
};

// [what, text]: bodies that transfer spoils when it is done carelessly.
const bodies = [
  ["a line with one dot", "."],
  ["lines that begin with dots", ".first ..second"],
  ["the end of a message", "\r\n.\r\nQUIT\r\n"],
  ["a mailbox separator", "From here on"],
  ["a line of 5000 bytes", "x".repeat(5000)],
  ["a long line of Chinese", "漢字".repeat(1500)],
  ["trailing blanks", "end   "],
  ["equals signs", "a=3D=\u00e9=20"],
  ["markup", '<script>alert("x")</script> & <b>'],
];

test("bodies survive whatever they hold", async (t) => {
  const { on, receiver } = await relay(t);
  const file = join(on.data, "plain.json");
  await writeFile(file, JSON.stringify(plainTemplate));
  const done = await on.cli(["templates", "import", file, "--sender", "receipts@example.com"]);
  assert.equal(done.code, 0, done.stderr);
  const flat = (text) => text.replace(/\s+/g, " ").trim();
  for (const [what, value] of bodies) {
    await t.test(what, async () => {
      const body = { templateKey: "plain", to: { email: "alex@example.com" },
        data: { one: value, two: "after" } };
      const { parsed } = await delivered(on, receiver, body);
      const text = parsed.text.replaceAll(/\r?\n(?=漢|字|x)/g, "");
      assert.equal(flat(text), flat(`${value} after`));
      assert.match(parsed.html, /after/);
      assert.doesNotMatch(parsed.html, /<script>|<b>/);
    });
  }
});

const pythonReader = `
import email, json, sys
from email import policy
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=policy.SMTP)
parts = [part for part in message.walk()]
print(json.dumps({
    "defects": [str(d) for part in parts for d in part.defects]
        + [str(d) for _, value in message.items() for d in value.defects],
    "from": [[a.display_name, a.addr_spec] for a in message["from"].addresses],
    "to": [[a.display_name, a.addr_spec] for a in message["to"].addresses],
    "cc": [[a.display_name, a.addr_spec] for a in message["cc"].addresses],
    "replyTo": [[a.display_name, a.addr_spec] for a in message["reply-to"].addresses],
    "subject": str(message["subject"]),
    "messageId": str(message["message-id"]),
    "date": message["date"].datetime.timestamp(),
    "bcc": message["bcc"],
    "types": [part.get_content_type() for part in parts],
    "text": message.get_body(("plain",)).get_content(),
    "html": message.get_body(("html",)).get_content(),
    "same": message.as_bytes() == open(sys.argv[1], "rb").read(),
}))
`;

test("captured mail is a whole message with its envelope beside it", async (t) => {
  const on = await engine(t);
  const { body } = await sampleOf("000-01-send-one");
  const subject = "Quittung für Zoë";
  const final = await finalSend(on, (await accepted(on, { ...body, subject })).id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  const folder = join(on.data, "captured");
  const stem = join(folder, final.messageId);
  assert.deepEqual((await readdir(folder)).sort(),
    [`${final.messageId}.eml`, `${final.messageId}.envelope.json`]);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(`${stem}.eml`)).mode & 0o777, 0o600);

  const raw = await readFile(`${stem}.eml`);
  isWellFormed(raw);
  assert.doesNotMatch(raw.toString("latin1"), /audit@example\.com/);
  assert.equal((await simpleParser(raw)).subject, subject);
  const envelope = JSON.parse(await readFile(`${stem}.envelope.json`, "utf8"));
  assert.deepEqual([...envelope.recipients].sort(),
    ["alex@example.com", "audit@example.com", "billing@example.com"]);
  assert.equal(envelope.messageId, final.messageId);
  assert.equal(envelope.messageIdField, `<${final.id}@example.com>`);

  const done = await run("/usr/bin/python3", ["-c", pythonReader, `${stem}.eml`]);
  assert.equal(done.code, 0, done.stderr);
  const read = JSON.parse(done.stdout);
  assert.deepEqual(read.defects, []);
  assert.deepEqual(read.from, [["Acme Receipts", "receipts@example.com"]]);
  assert.deepEqual(read.to, [["", "alex@example.com"]]);
  assert.deepEqual(read.cc, [["Billing", "billing@example.com"]]);
  assert.deepEqual(read.replyTo, [["Acme Support", "support@example.com"]]);
  assert.equal(read.subject, subject);
  assert.equal(read.messageId, `<${final.id}@example.com>`);
  assert.ok(Math.abs(read.date * 1000 - Date.now()) < CLOCK_MS_MAX);
  assert.equal(read.bcc, null);
  assert.deepEqual(read.types, ["multipart/alternative", "text/plain", "text/html"]);
  assert.match(read.text, /ord_9421/);
  assert.match(read.html, /ord_9421/);
});
