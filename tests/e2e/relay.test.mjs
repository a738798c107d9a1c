// The way to the mail server: TLS, passwords, and delivery that is switched on later.
import assert from "node:assert/strict";
import { copyFile, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, finalSend, sendBody } from "./demo.mjs";
import { binary, dataFolder, engine, eventually, freePort, run, sink } from "./harness.mjs";

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
    assert.equal(done.code, 2, `${url}: ${done.stdout}`);
    assert.match(done.stderr, /SMTP|smtp/);
    assert.ok(!done.stderr.includes(encodeURIComponent(password)), done.stderr);
  }
});

test("characters of a password that cut the URL are named, and not the password", async (t) => {
  const data = await dataFolder(t);
  for (const [character, escape] of [["/", "%2F"], ["?", "%3F"], ["#", "%23"], ["@", "%40"]]) {
    const url = `smtps://USER1:s3c${character}ret@relay.example.com?tls=off`;
    const env = { SEGMENTFLOW_DATA_DIR: data, SEGMENTFLOW_SMTP_URL: url };
    const done = await run(binary, ["init"], { env });
    assert.notEqual(done.code, 0, done.stdout);
    assert.ok(done.stderr.includes(`write ${character} as ${escape}.`), done.stderr);
    assert.doesNotMatch(done.stderr, /s3c|ret@|USER1/);
  }
});

// What `doctor` says of an installation that delivers through `url`; before it runs, `meanwhile`.
async function doctor(t, url, meanwhile = async () => {}) {
  const env = { SEGMENTFLOW_DATA_DIR: await dataFolder(t), SEGMENTFLOW_SMTP_URL: url };
  const made = await run(binary, ["init", "--demo"], { env });
  assert.equal(made.code, 0, made.stderr);
  await meanwhile();
  return run(binary, ["doctor"], { env });
}

test("doctor opens a session with the relay and says what is wrong with it", async (t) => {
  const { file, key, cert } = await certificate(t);
  const ca = encodeURIComponent(file);
  const good = await server(t, { key, cert, disabledCommands: [] },
    (port) => `smtp://${credentials}127.0.0.1:${port}?tls=required&ca=${ca}`);
  const well = await doctor(t, good.url);
  assert.equal(well.code, 0, well.stdout);
  assert.match(well.stdout,
    /ok +the relay 127\.0\.0\.1:\d+ takes our session over TLS and our login/);
  assert.equal(good.messages.length, 0);

  const missing = join(await dataFolder(t), "ca.pem");
  await copyFile(file, missing);
  const cases = [
    [`smtp://u:wrong@127.0.0.1:${good.port}?tls=required&ca=${ca}`,
      /refused the login with 535/],
    [`smtp://127.0.0.1:${await freePort()}`, /refused the connection/],
    [`smtp://127.0.0.1:${good.port}?tls=required`, /self-signed certificate for 127\.0\.0\.1/],
    [`smtp://localhost:${good.port}?tls=required&ca=${ca}`,
      /certificate for 127\.0\.0\.1, and not for localhost/],
    [`smtps://127.0.0.1:${good.port}`, /does not speak TLS on this port: write smtp:/],
    [`smtp://127.0.0.1:${good.port}?ca=${encodeURIComponent(missing)}`, /ca\.pem/,
      () => rm(missing)],
  ];
  for (const [url, words, meanwhile] of cases) {
    const done = await doctor(t, url, meanwhile);
    assert.equal(done.code, 1, `${url}: ${done.stdout}`);
    const failures = done.stdout.split("\n").filter((line) => line.startsWith("FAIL"));
    assert.equal(failures.length, 1, done.stdout);
    assert.match(failures[0], words);
    assert.ok(!done.stdout.includes("wrong@"));
  }
});

test("a file of authorities that is not there is refused at once", async (t) => {
  const env = {
    SEGMENTFLOW_DATA_DIR: await dataFolder(t),
    SEGMENTFLOW_SMTP_URL: "smtps://relay.example.com?ca=/nonexistent/ca.pem",
  };
  for (const command of [["init"], ["serve", "--listen", "127.0.0.1:0"]]) {
    const done = await run(binary, command, { env });
    assert.notEqual(done.code, 0, done.stdout);
    assert.match(done.stderr, /\/nonexistent\/ca\.pem/);
  }
});

test("an email that the relay refuses for our settings waits until they are mended", async (t) => {
  let refusing = true;
  const receiver = await sink(t, {
    disabledCommands: ["AUTH", "STARTTLS"],
    onRcptTo(address, session, done) {
      const refusal = new Error("<vm>: Helo command rejected: need fully-qualified hostname");
      done(refusing ? Object.assign(refusal, { responseCode: 504 }) : null);
    },
  });
  const url = `smtp://127.0.0.1:${receiver.port}?tls=off`;
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: url, ...quick } });
  const { id } = await accepted(on, sendBody());
  await eventually("the relay has refused it", async () => {
    const { text } = await on.api("GET", "/metrics");
    return /outcome="deferred"\} [1-9]/.test(text);
  });
  assert.equal((await on.api("GET", `/api/v1/emails/${id}`)).body.status, "Processing");
  refusing = false;
  assert.equal((await finalSend(on, id)).status, "Sent");
  assert.equal(receiver.messages.length, 1);
});

test("a relay that takes connections and says nothing is told within seconds", async (t) => {
  const sockets = [];
  const silent = createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise((done) => silent.listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const url = `smtp://127.0.0.1:${silent.address().port}?silence=1`;
  const on = await engine(t, { settings: { SEGMENTFLOW_SMTP_URL: url, ...quick } });
  await accepted(on, sendBody());
  await eventually("the log says so", () =>
    /has said nothing for \d+ s, waiting for its greeting/.test(on.program.log()));
});
