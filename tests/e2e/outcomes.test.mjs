// What a relay does to an email, and who is told what of it: copies that go their own way, a relay
// that refuses us, words that repeat what they must not.
import assert from "node:assert/strict";
import { test } from "node:test";

import { accepted, finalSend, freshKey, sendBody } from "./demo.mjs";
import { engine, eventually, freePort, mcpClient } from "./harness.mjs";
import { scriptedRelay } from "./scripted_relay.mjs";

const quick = { SEGMENTFLOW_RETRY_SCHEDULE: "200ms" };
const through = (t, relay, settings = {}) =>
  engine(t, { settings: { SEGMENTFLOW_SMTP_URL: relay.url, ...quick, ...settings } });
const read = async (on, id) => (await on.api("GET", `/api/v1/emails/${id}`)).body;
const statusOf = async (on) => (await on.api("GET", "/api/v1/status")).body.delivery;
const metrics = async (on) => (await on.api("GET", "/metrics")).text;
const logged = (on, level) => on.program.log().split("\n").filter(Boolean).map((line) =>
  JSON.parse(line)).filter((line) => line.level === level).map((line) => line.message ?? "");
const rcpt = (line, who) => line.toUpperCase().startsWith("RCPT") && line.includes(`<${who}>`);

test("copies: refused for now they are tried again alone, refused for good they are shown",
  async (t) => {
    let busy = 2;
    const relay = await scriptedRelay(t, {
      answer(line) {
        if (rcpt(line, "busy@example.com") && (busy -= 1) >= 0) return "450 4.2.1 slow down";
        if (rcpt(line, "gone@example.com")) return "550 5.1.1 <gone@example.com> unknown";
        if (rcpt(line, "hidden@example.com")) return "550 5.1.1 <hidden@example.com> unknown";
        return undefined;
      },
    });
    const on = await through(t, relay);
    const { id } = await accepted(on, sendBody({
      cc: ["busy@example.com", "gone@example.com", "fine@example.com"], bcc: "hidden@example.com",
    }));
    await finalSend(on, id);
    const settled = await eventually("the copy has gone out", async () => {
      const now = await read(on, id);
      return now.copies.every((copy) => copy.status !== "Processing") && now;
    });
    assert.equal(settled.status, "Sent");
    assert.deepEqual(settled.copies.map((copy) => [copy.email, copy.status, copy.failureReason]), [
      ["busy@example.com", "Sent", null],
      ["gone@example.com", "Failed", "ProviderRejected"],
      ["fine@example.com", "Sent", null],
    ]);
    assert.match(settled.copies[1].message, /550 5\.1\.1 <\[address\]> unknown/);
    assert.doesNotMatch(JSON.stringify(settled), /hidden|bcc/);
    const client = await mcpClient(t, on);
    const got = await client.client.callTool({ name: "get_email", arguments: { id } });
    assert.deepEqual(got.structuredContent.copies, settled.copies);
    assert.deepEqual(relay.mails.map((mail) => mail.to),
      [["alex@example.com", "fine@example.com"], ["busy@example.com"]]);
    assert.equal(relay.mails[0].content, relay.mails[1].content);
    assert.match(await metrics(on), /segmentflow_copies_total\{outcome="failed"\} 2/);
    const lines = logged(on, "warning").join("\n");
    assert.match(lines, /a cc copy of send .* failed \(ProviderRejected\)/);
    assert.match(lines, /a bcc copy of send .* failed \(ProviderRejected\)/);
    assert.doesNotMatch(on.program.log(), /@example\.com/);
  });

test("copies: more than the relay takes at once go out in further transactions", async (t) => {
  for (const tooMany of ["452 4.5.3 too many", "552 5.5.3 too many"]) {
    const relay = await scriptedRelay(t, {
      answer: (line, { recipients }) =>
        line.startsWith("RCPT") && recipients.length >= 2 ? tooMany : undefined,
    });
    const on = await through(t, relay, { SEGMENTFLOW_RETRY_SCHEDULE: "1h" });
    const copies = ["c1", "c2", "c3", "c4"].map((name) => `${name}@example.com`);
    const { id } = await accepted(on, sendBody({ bcc: copies }));
    const final = await finalSend(on, id);
    await eventually("every copy has its mail", () =>
      relay.mails.flatMap((mail) => mail.to).length >= 5);
    assert.deepEqual(relay.mails.flatMap((mail) => mail.to).sort(),
      ["alex@example.com", ...copies]);
    assert.deepEqual(await read(on, id), final, "nothing shows of hidden copies");
  }
});

test("a refused login is told everywhere, loses no email, and is over when it is mended",
  async (t) => {
    let isRight = false;
    const relay = await scriptedRelay(t, {
      answer: (line) =>
        line.startsWith("AUTH") && !isRight ? "535 5.7.3 nope alex@example.com" : undefined,
    });
    const url = `smtp://u:wrong@127.0.0.1:${relay.port}?tls=off&insecure_auth=allow`;
    const on = await through(t, { url });
    const { id } = await accepted(on, sendBody());
    const [trouble] = await eventually("status tells it", async () => {
      const { troubles } = await statusOf(on);
      return troubles.length > 0 && troubles;
    });
    assert.deepEqual([trouble.stage, trouble.code, trouble.enhancedCode, trouble.senderProfileId],
      ["Auth", 535, "5.7.3", null]);
    assert.match(trouble.message, /refused the login with 535 5\.7\.3/);
    assert.ok(Math.abs(Date.now() - Date.parse(trouble.since)) < 600_000);
    const waiting = await read(on, id);
    assert.ok(waiting.delivery.attempts >= 1);
    assert.equal(waiting.delivery.code, 535);
    assert.match(logged(on, "warning").join("\n"),
      /relay: 127\.0\.0\.1:\d+ refused the login with 535/);
    assert.match(await metrics(on), /segmentflow_relay_up 0/);
    assert.match(await metrics(on), /segmentflow_relay_refusals_total\{stage="Auth",code="535"\}/);
    assert.equal((await fetch(`${on.url}/readyz`)).status, 200);
    const { client } = await mcpClient(t, on);
    const status = await client.callTool({ name: "get_status", arguments: {} });
    assert.equal(status.structuredContent.delivery.troubles[0].code, 535);
    isRight = true;
    assert.equal((await finalSend(on, id)).status, "Sent");
    await eventually("it is over", async () => (await statusOf(on)).troubles.length === 0);
    assert.match(logged(on, "warning").join("\n"), /lets us deliver again after \d+ s/);
    assert.doesNotMatch(on.program.log(), /@example\.com/);
  });

test("a refused session says at which stage and with which code", async (t) => {
  const busy = await scriptedRelay(t, { greeting: "421 4.7.0 too much for sam.reed@example.com" });
  const noTls = await scriptedRelay(t, {
    answer(line) {
      if (line.startsWith("EHLO")) return "250-relay\r\n250 STARTTLS";
      return line === "STARTTLS" ? "454 4.3.0 later" : undefined;
    },
  });
  noTls.url = `smtp://127.0.0.1:${noTls.port}?tls=required`;
  const rows = [
    [busy, "Greeting", 421, /refused the session with 421 4\.7\.0 while greeting/],
    [noTls, "StartTls", 454, /refused the session with 454 4\.3\.0 while answering STARTTLS/],
    [{ url: `smtp://127.0.0.1:${await freePort()}` }, "Connect", null, /refused|connect/],
  ];
  for (const [relay, stage, code, words] of rows) {
    const on = await through(t, relay, { SEGMENTFLOW_SEND_DEADLINE: "3s" });
    const { id } = await accepted(on, sendBody());
    const [trouble] = await eventually(`${stage} in status`, async () => {
      const { troubles } = await statusOf(on);
      return troubles.length > 0 && troubles;
    });
    assert.deepEqual([trouble.stage, trouble.code], [stage, code]);
    assert.match(trouble.message, words);
    assert.match(logged(on, "warning").join("\n"), words);
    const final = await finalSend(on, id);
    assert.equal(final.failureReason, "ProviderUnavailable");
    assert.match(final.failureMessage, words);
    assert.doesNotMatch(on.program.log(), /sam\.reed/);
  }
});

test("a sender that is not ours to use waits, others do not, and nothing is lost", async (t) => {
  let isMended = false;
  const relay = await scriptedRelay(t, {
    answer: (line, { from }) =>
      line.startsWith("RCPT") && from.startsWith("news@") && !isMended
        ? "553 5.7.1 <news@example.com>: Sender address rejected: not owned by user u"
        : undefined,
  });
  const on = await through(t, relay);
  assert.equal((await on.cli(["senders", "add", "News <news@example.com>"])).code, 0);
  const refused = [];
  for (let i = 0; i < 5; i += 1) {
    refused.push((await accepted(on, sendBody({ from: "news@example.com" }))).id);
  }
  assert.equal((await finalSend(on, (await accepted(on, sendBody())).id)).status, "Sent");
  const [trouble] = await eventually("status tells it", async () => {
    const { troubles } = await statusOf(on);
    return troubles.length > 0 && troubles;
  });
  assert.equal(trouble.code, 553);
  assert.ok(trouble.senderProfileId);
  for (const id of refused) assert.equal((await read(on, id)).status, "Processing");
  isMended = true;
  for (const id of refused) assert.equal((await finalSend(on, id)).status, "Sent");
});

test("an email that waits says why, how often it was tried and when it is next", async (t) => {
  const relay = await scriptedRelay(t, {
    answer: (line) => (line.startsWith("RCPT") ? "450 4.2.0 mailbox busy" : undefined),
  });
  const on = await through(t, relay, { SEGMENTFLOW_RETRY_SCHEDULE: "100ms,1h" });
  const { id } = await accepted(on, sendBody());
  const waiting = await eventually("two attempts", async () => {
    const now = await read(on, id);
    return now.delivery?.attempts === 2 && now;
  });
  assert.equal(waiting.status, "Processing");
  const { delivery } = waiting;
  assert.deepEqual([delivery.stage, delivery.code, delivery.enhancedCode], ["Rcpt", 450, "4.2.0"]);
  assert.match(delivery.message, /answered 450 4\.2\.0 mailbox busy/);
  assert.ok(Date.parse(delivery.nextAttemptAt) > Date.parse(delivery.lastAttemptAt));
  const { client } = await mcpClient(t, on);
  const got = await client.callTool({ name: "get_email", arguments: { id } });
  assert.deepEqual(got.structuredContent.delivery, delivery);
});

test("a relay's words repeat no sensitive value and no address", async (t) => {
  const relay = await scriptedRelay(t, {
    answer: (line) => line === "."
      ? "550 5.1.1 <sam.reed@example.com> token 77-KILO-31 of %20a%2Fb refused" : undefined,
  });
  const on = await through(t, relay);
  const made = await on.api("POST", "/api/v1/templates", {
    name: "Code", key: "code", purpose: "Transactional",
    definition: {
      from: "receipts@example.com", subject: "Your code",
      sensitiveTransactionalVariablePaths: ["/data/t", "/data/deep"],
      body: { root: "a", elements: {
        a: { type: "Html", props: { lang: "en" }, children: ["b"] },
        b: { type: "Text", props: { text: { $template: "${/data/t}" } } } } },
    },
  });
  assert.ok(made.status < 300, made.text);
  const { id } = await accepted(on, {
    templateKey: "code", to: { email: "sam.reed@example.com" },
    data: { t: "77-kilo-31", deep: { p: "a/b" } },
  }, freshKey());
  const final = await finalSend(on, id);
  assert.equal(final.failureReason, "ProviderRejected");
  assert.match(final.failureMessage,
    /550 5\.1\.1 <\[address\]> token \[redacted\] of %20\[redacted\] refused/);
  const shown = on.program.log();
  assert.match(shown, /failed \(ProviderRejected\)/);
  assert.doesNotMatch(shown, /kilo|sam\.reed/i);
});

test("in capture mode an email says that it left for nobody, and no path is told", async (t) => {
  const on = await engine(t);
  const final = await finalSend(on, (await accepted(on, sendBody())).id);
  assert.deepEqual([final.status, final.captured], ["Sent", true]);
  const { text, body } = await on.api("GET", "/api/v1/status");
  assert.equal(body.delivery.mode, "Capture");
  assert.match(body.delivery.detail, /Nothing leaves the machine/);
  assert.ok(!text.includes(on.data), text);
  const { client } = await mcpClient(t, on);
  const status = await client.callTool({ name: "get_status", arguments: {} });
  assert.ok(!JSON.stringify(status).includes(on.data));
});
