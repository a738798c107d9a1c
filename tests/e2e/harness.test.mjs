// The receivers that other tests judge the engine with, judged by another mail client.
import assert from "node:assert/strict";
import { test } from "node:test";

import nodemailer from "nodemailer";

import { random, seed, sink, smtpSink } from "./harness.mjs";

const mail = {
  from: "Acme Receipts <receipts@example.com>",
  to: "alex@example.com",
  bcc: "audit@example.com",
  subject: "Grüße für Alex",
  text: "Hello\n.\nBye",
};

test("the receiver keeps envelope, bytes and parsed message", async (t) => {
  const receiver = await sink(t);
  await nodemailer.createTransport(receiver.url).sendMail(mail);
  const [message] = await receiver.received(1);
  assert.deepEqual(message.envelope, {
    from: "receipts@example.com",
    to: ["alex@example.com", "audit@example.com"],
  });
  assert.equal(message.parsed.subject, mail.subject);
  assert.equal(message.parsed.text.trim(), mail.text);
  assert.match(message.raw.toString("latin1"), /\r\n\r\n/);
});

test("the receiver can refuse a recipient", async (t) => {
  const receiver = await sink(t, {
    onRcptTo: (address, session, done) =>
      done(Object.assign(new Error("no such mailbox"), { responseCode: 550 })),
  });
  await assert.rejects(nodemailer.createTransport(receiver.url).sendMail(mail), /no such mailbox/);
  assert.equal(receiver.messages.length, 0);
});

test("smtp-sink takes mail, and fails in the phase it is told to", async (t) => {
  const healthy = await smtpSink(t);
  await nodemailer.createTransport(healthy.url).sendMail(mail);
  const failing = await smtpSink(t, ["-r", "DATA"]);
  await assert.rejects(nodemailer.createTransport(failing.url).sendMail(mail));
});

test("random numbers lie in [0, 1) and differ", () => {
  const values = Array.from({ length: 100 }, random);
  assert.ok(values.every((value) => value >= 0 && value < 1), `seed ${seed}`);
  assert.equal(new Set(values).size, values.length, `seed ${seed}`);
});
