// The way to the mail server: TLS, passwords, and delivery that is switched on later.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, finalSend, sendBody } from "./demo.mjs";
import { binary, dataFolder, engine, eventually, run, sink } from "./harness.mjs";

const quick = { SEGMENTFLOW_RETRY_SCHEDULE: "200ms" };
const user = "mailer@example.com";
const password = "p:ss/wörd?";
const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;

// A receiver that notes for each message whether it came over TLS and who sent it, with `options`
// of smtp-server, at a URL made by urlOf(port).
async function server(t, options, urlOf) {
  const sessions = [];
  const auths = [];
  const receiver = await sink(t, {
    disabledCommands: ["AUTH"],
    onAuth(auth, session, done) {
      auths.push({ ...auth, secure: session.secure });
      const isRight = auth.username === user && auth.password === password;
      done(isRight ? null : new Error("wrong password"), { user: auth.username });
    },
    onMailFrom(address, session, done) {
      sessions.push({ secure: session.secure, user: session.user });
      done();
    },
    ...options,
  });
  return { ...receiver, sessions, auths, url: urlOf(receiver.port) };
}

async function deliver(t, receiver) {
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: receiver.url, ...quick } });
  return { on, id: (await accepted(on, sendBody())).id };
}

async function isSent(t, receiver) {
  const { on, id } = await deliver(t, receiver);
  const final = await finalSend(on, id);
  assert.equal(final.status, "Sent", JSON.stringify(final));
  assert.equal(receiver.messages.length, 1);
  return on;
}

// Not delivered, tried again, and the reason is in the log.
async function isHeldBack(t, receiver) {
  const { on, id } = await deliver(t, receiver);
  await eventually("an attempt has been made", async () =>
    (await on.api("GET", `/api/v1/emails/${id}`)).body.status === "Processing");
  await eventually("a second attempt", async () => {
    const { text } = await on.api("GET", "/metrics");
    return /outcome="deferred"\} ([2-9]|\d\d)/.test(text);
  });
  assert.equal(receiver.messages.length, 0);
  assert.equal((await on.api("GET", `/api/v1/emails/${id}`)).body.status, "Processing");
}

// A certificate of 127.0.0.1 that its own file vouches for.
async function certificate(t) {
  const folder = await dataFolder(t);
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const done = await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=relay", "-addext",
    "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]);
  assert.equal(done.code, 0, done.stderr);
  return { file: cert, key: await readFile(key), cert: await readFile(cert) };
}

test("STARTTLS is taken where it is offered, whoever signed the certificate", async (t) => {
  const receiver = await server(t, {}, (port) => `smtp://127.0.0.1:${port}`);
  await isSent(t, receiver);
  assert.deepEqual(receiver.sessions.map((session) => session.secure), [true]);
});

test("tls=off stays in plain text", async (t) => {
  const receiver = await server(t, {}, (port) => `smtp://127.0.0.1:${port}?tls=off`);
  await isSent(t, receiver);
  assert.deepEqual(receiver.sessions.map((session) => session.secure), [false]);
});

test("tls=required refuses a server without STARTTLS and an unknown certificate", async (t) => {
  for (const disabledCommands of [["AUTH", "STARTTLS"], ["AUTH"]]) {
    const receiver = await server(t, { disabledCommands },
      (port) => `smtp://127.0.0.1:${port}?tls=required`);
    await isHeldBack(t, receiver);
    assert.equal(receiver.sessions.length, 0);
  }
});

test("tls=required and smtps accept the certificate that ca vouches for", async (t) => {
  const { file, key, cert } = await certificate(t);
  const ca = encodeURIComponent(file);
  const starttls = await server(t, { key, cert },
    (port) => `smtp://127.0.0.1:${port}?tls=required&ca=${ca}`);
  await isSent(t, starttls);
  const smtps = await server(t, { key, cert, secure: true, disabledCommands: [] },
    (port) => `smtps://${credentials}127.0.0.1:${port}?ca=${ca}`);
  await isSent(t, smtps);
  assert.deepEqual(smtps.sessions, [{ secure: true, user }]);
});

const plain = { disabledCommands: ["STARTTLS"], allowInsecureAuth: true, authOptional: false };
const unvouched = { disabledCommands: [], authOptional: false };

test("on this machine and where it is allowed, a password goes over plain text", async (t) => {
  for (const authMethods of [["PLAIN"], ["LOGIN"]]) {
    const receiver = await server(t, { ...plain, authMethods },
      (port) => `smtp://${credentials}127.0.0.1:${port}?tls=off&insecure_auth=allow`);
    const on = await isSent(t, receiver);
    const given = receiver.auths.map((auth) => [auth.method, auth.username, auth.password]);
    assert.deepEqual(given, [[authMethods[0], user, password]]);
    const status = await on.api("GET", "/api/v1/status");
    assert.equal(status.body.delivery.mode, "Smtp");
    for (const text of [status.text, on.program.log()]) {
      assert.ok(!text.includes(password) && !text.includes(encodeURIComponent(password)));
    }
  }
});

// An address of this machine that is not loopback, as a relay elsewhere would have.
const outside = Object.values(networkInterfaces()).flat()
  .find((one) => one.family === "IPv4" && !one.internal)?.address;
const skip = outside ? false : "this machine has no address but loopback";

test("elsewhere a password goes neither in plain text nor to an unknown certificate", { skip },
  async (t) => {
    for (const options of [plain, unvouched]) {
      const receiver = await server(t, { ...options, host: outside },
        (port) => `smtp://${credentials}${outside}:${port}`);
      await isHeldBack(t, receiver);
      assert.deepEqual(receiver.auths, [], "the password was not sent");
    }
  });

test("a wrong password holds mail back, it does not fail it", async (t) => {
  const receiver = await server(t,
    { disabledCommands: ["STARTTLS"], allowInsecureAuth: true, authOptional: false },
    (port) => `smtp://u:wrong@127.0.0.1:${port}?tls=off&insecure_auth=allow`);
  await isHeldBack(t, receiver);
});

test("a URL that makes no sense is refused at the start, without its password", async (t) => {
  const data = await dataFolder(t);
  for (const url of [`http://${credentials}mail.example.com`, "smtp://", "capture",
    `smtp://${credentials}mail.example.com?tls=maybe`]) {
    const env = { SEGMENTFLOW_DATA_DIR: data, SEGMENTFLOW_SMTP_URL: url };
    const done = await run(binary, ["init"], { env });
    assert.equal(done.code, 1, `${url}: ${done.stdout}`);
    assert.match(done.stderr, /SMTP|smtp/);
    assert.ok(!done.stderr.includes(encodeURIComponent(password)), done.stderr);
  }
});
