// The command line as an operator meets it.
import assert from "node:assert/strict";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { accepted, finalSend, freshKey, sendBody } from "./demo.mjs";
import {
  apiOf, binary, dataFolder, engine, eventually, freePort, newKey, run, sink, start,
} from "./harness.mjs";

const WIDTH_MAX = 120;
const REVOKED_MS_MAX = 1_500; // a second, and a poll

const sf = (args, env = {}, input) => run(binary, args, { env, input });

// A command that must end with `code`; its output.
async function ends(code, args, env, input) {
  const done = await sf(args, env, input);
  assert.equal(done.code, code, `${args.join(" ")}\n${done.stdout}\n${done.stderr}`);
  return done;
}
const works = async (args, env, input) => (await ends(0, args, env, input)).stdout;
const oneLine = (text) => {
  assert.equal(text.trimEnd().split("\n").length, 1, text);
  return text;
};

test("help is there for every command, and fits a terminal", async () => {
  const help = await works(["--help"]);
  const commands = [...help.matchAll(/^ {2}([a-z]+) {3,}\S/gm)].map((match) => match[1]);
  assert.deepEqual(commands, [
    "serve", "mcp", "init", "call", "operations", "doctor", "nodes", "backup", "resume",
    "migrate", "keys",
    "approvals", "audit", "domains", "senders", "templates", "groups", "profiles",
  ]);
  const below = [["keys", "create"], ["keys", "list"], ["keys", "revoke"], ["domains", "add"],
    ["senders", "add"], ["templates", "import"], ["groups", "add"], ["groups", "subscribe"],
    ["approvals", "list"], ["approvals", "approve"], ["approvals", "reject"],
    ["profiles", "erase"]];
  for (const command of [[], ...commands.map((name) => [name]), ...below]) {
    const text = await works([...command, "--help"]);
    assert.match(text, /Usage:/, command.join(" "));
    for (const line of text.split("\n")) {
      assert.ok(line.length <= 2 * WIDTH_MAX, `${command.join(" ")}: ${line}`);
    }
  }
  for (const setting of ["--data-dir", "--listen", "--database-url", "SEGMENTFLOW_SMTP_URL"]) {
    assert.ok(help.includes(setting), setting);
  }
  assert.match(await works(["--version"]), /^\d+\.\d+\.\d+\n$/);
});

test("what is unknown is refused by name", async (t) => {
  const data = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: data };
  const refusals = [
    [["serev"], {}, /no command serev\..*serve\?/],
    [["keys", "revok", "x"], {}, /no command revok\..*revoke\? See segmentflow keys --help/],
    [["frobnicate"], {}, /no command frobnicate\. See segmentflow --help/],
    [[], {}, /choose a command/],
    [["serve", "--lisen", "127.0.0.1:1"], {}, /no flag --lisen\..*--listen\?/],
    [["keys", "create", "--nme", "x"], {}, /no flag --nme\..*--name\?/],
    [["keys", "create"], {}, /--name/],
    [["init"], { SEGMENTFLOW_NONSENSE: "1" }, /SEGMENTFLOW_NONSENSE/],
    [["init"], { SEGMENTFLOW_LISTENS: "x" }, /SEGMENTFLOW_LISTENS.*SEGMENTFLOW_LISTEN\?/],
    [["init"], { SEGMENTFLOW_LOG_LEVEL: "loud" }, /SEGMENTFLOW_LOG_LEVEL.*debug, info/],
    [["init"], { SEGMENTFLOW_HTTP_THREADS: "many" }, /SEGMENTFLOW_HTTP_THREADS.*whole number/],
    [["init"], { SEGMENTFLOW_RETRY_SCHEDULE: "1m,soon" }, /SEGMENTFLOW_RETRY_SCHEDULE/],
    [["serve", "--listen", "here"], {}, /--listen.*ADDRESS:PORT/],
  ];
  for (const [args, more, pattern] of refusals) {
    const done = await sf(args, { ...env, ...more });
    assert.equal(done.code, 2, `${args}: ${done.code}`);
    assert.match(oneLine(done.stderr), pattern, args.join(" "));
  }
});

test("a value that cannot be is refused in our own words, with exit code 2", async (t) => {
  const env = { SEGMENTFLOW_DATA_DIR: await dataFolder(t) };
  await works(["init"], env);
  const key = ["keys", "create", "--name", "k", "--scopes", "all"];
  const refusals = [
    [[...key, "--sends-per-day", "abc"], /--sends-per-day must be a whole number from 1 .*"abc"/],
    [[...key, "--sends-per-day", "0"], /--sends-per-day must be a whole number from 1 .*"0"/],
    [[...key, "--sends-per-day", "1.5"], /--sends-per-day must be/],
    [[...key, "--sends-per-day", "99999999999999999999"], /--sends-per-day must be/],
    [[...key, "--sends-per-day"], /--sends-per-day needs a value.*keys create --help/],
    [[...key, "--ask-first", "maybe"], /--ask-first must be human or operator or self-confirm/],
    [[...key, "--ask-first", "human", "--ask-above", "-1"], /--ask-above must be .*from 0 to 99/],
    [[...key, "--ask-first", "human", "--ask-above", "100"], /--ask-above must be/],
    [[...key, "--ask-above", "3"], /goes with a way to ask first/],
    [[...key, "--recipients", "example"], /"example" is neither a domain/],
    [[...key, "--recipients", "jürgen@example.com"], /"jürgen@example.com" is neither/],
    [[...key, "--templates", "no key"], /"no key" is neither a template's key nor/],
    [[...key, "--name", "other"], /--name is given more than once/],
    [[...key, "--at-most-once=maybe"], /--at-most-once takes no value/],
    [["keys", "create", "--name", "", "--scopes", "all"], /--name must not be empty/],
    [["keys", "create", "--name", "a\nb", "--scopes", "all"], /--name must be a line of text/],
    [["keys", "create", "--name", "k"], /--scopes is required/],
    [["keys", "create", "--name", "k", "--scopes", "emails"], /no scope "emails"/],
    [["keys", "revoke", "a", "b"], /keys revoke takes no further argument such as "b"/],
    [["keys", "revoke"], /key is required/],
    [["audit", "--limit", "0"], /--limit must be a whole number from 1 to 100000/],
    [["audit", "--limit", "x"], /--limit must be a whole number/],
    [["audit", "--since", "yesterday"], /"yesterday" is no duration/],
    [["groups", "add", "X", "--policy", "Maybe"], /--policy must be OptIn or OptOut, not "Maybe"/],
    [["groups", "add", ""], /name must not be empty/],
    [["domains", "add", "no domain"], /"no domain" is not a domain name/],
    [["domains", "add", "example.com."], /must not end with a dot/],
    [["senders", "add", "nope"], /no @/],
    [["senders", "add", "Ü <ü@example.com>"], /before the @ has non-ASCII/],
    [["approvals", "show", "7"], /"7" is no id of an approval/],
    [["approvals", "approve"], /id is required/],
    [["migrate", "--to", "mysql://x"], /migrate moves from SQLite to PostgreSQL/],
    [["migrate", "--to", "postgresql://u:p@h/d"], /must not hold a password/],
    [["backup", ""], /file must not be empty/],
    [["init", "extra"], /init takes no further argument/],
    [["init", "--demo", "--organization", "X"], /leave --organization out/],
    [["init", "--organization", ""], /--organization must not be empty/],
    [["init", "--data-dir", ""], /--data-dir must not be empty/],
    [["init", "--demo=perhaps"], /--demo takes no value/],
    [["serve", "--http-threads", "0"], /--http-threads must be a whole number from 1 to 64/],
    [["call", "status", "{"], /JSON/],
    [["mcp", "--tools", "mails"], /no group of tools "mails"/],
  ];
  for (const [args, pattern] of refusals) {
    const settings = args[0] === "mcp" ? { ...env, SEGMENTFLOW_API_KEY: "sk_live_x" } : env;
    const done = await ends(2, args, settings);
    assert.match(oneLine(done.stderr), pattern, args.join(" "));
    assert.doesNotMatch(done.stderr, /convert|TEXT|required but/, args.join(" "));
    assert.equal(done.stdout, "", args.join(" "));
  }
  for (const [args, names] of [[[], "serve, mcp, init"], [["keys"], "create, list, revoke"],
    [["groups"], "add, subscribe"]]) {
    const done = await ends(2, args, env);
    assert.match(done.stdout, /Usage:/, "help");
    assert.match(oneLine(done.stderr), new RegExp(`choose a command: ${names}`));
  }
});

test("a key for templates that are not there is made with a warning", async (t) => {
  const on = await engine(t);
  const made = await ends(0, ["keys", "create", "--name", "k", "--scopes", "emails:write",
    "--templates", "receipt-default,reciept-default,nosuch"], on.env);
  assert.match(made.stdout, /^sk_live_[\w-]{43}\n$/);
  assert.match(made.stderr, /no template "reciept-default" yet\. Did you mean "receipt-default"\?/);
  assert.match(made.stderr, /no template "nosuch" yet\.$/m);
  assert.equal(made.stderr.match(/Warning/g).length, 2, made.stderr);
});

test("init with another name says what it adds, and its next steps work", async (t) => {
  const data = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: data };
  const lines = (text) => text.match(/^ {2}segmentflow .*$/gm).map((line) => line.trim());
  const first = await works(["init"], env);
  assert.match(first, /^Organization: Default$/m);
  assert.doesNotMatch(first, /--organization/);
  const second = await works(["init", "--organization", "Bob's Globex"], env);
  assert.match(second, /A further one was made\. There are 2 .*: Default, Bob's Globex\./);
  assert.doesNotMatch(await works(["init", "--organization", "Bob's Globex"], env), /further/);
  const again = await works(["init"], env);
  assert.match(again, /There are 2 organizations.*\n/);
  for (const text of [second, again]) {
    for (const line of lines(text)) {
      const command = line.replace("segmentflow", `"${binary}"`).replace("FILE", template);
      const done = await run("bash", ["-c", command], { env });
      assert.equal(done.code, 0, `${line}\n${done.stderr}`);
    }
  }
  const vague = await ends(1, ["domains", "add", "example.org"], env);
  assert.match(vague.stderr, /--organization/);
});

test("a TOML file sets what flags and variables do not", async (t) => {
  const data = await dataFolder(t);
  const file = join(data, "own.toml");
  const port = await freePort();
  await writeFile(file, `data_dir = "${data}/d"\nlisten = "127.0.0.1:${port}"\nhttp_threads = 2\n`);
  const env = { SEGMENTFLOW_CONFIG: file };
  await works(["init", "--demo"], env);
  const program = start(t, binary, ["serve"], { env });
  const url = `http://127.0.0.1:${port}`;
  await eventually("it serves where the file says", () => {
    if (!program.isRunning) throw new Error(program.log());
    return fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
  });
  for (const [text, pattern] of [
    ["listens = 'x'\n", /listens.*own\.toml.*listen\?/],
    ["listen = 5.5\n", /listen.*own\.toml.*string or a whole number/],
    ["listen = \n", /own\.toml line 1/],
  ]) {
    await writeFile(file, text);
    assert.match(oneLine((await ends(2, ["doctor"], env)).stderr), pattern);
  }
  const missing = await ends(2, ["doctor"], { SEGMENTFLOW_CONFIG: join(data, "none.toml") });
  assert.match(missing.stderr, /none\.toml/);
  await writeFile(join(data, "d", "segmentflow.toml"), "log_level = 'loud'\n");
  const beside = await ends(2, ["doctor"], { SEGMENTFLOW_DATA_DIR: join(data, "d") });
  assert.match(beside.stderr, /log_level.*segmentflow\.toml/, "the file beside the data is read");
});

test("init may be repeated, and keeps what is there", async (t) => {
  const data = join(await dataFolder(t), "made", "by init");
  const env = { SEGMENTFLOW_DATA_DIR: data };
  const first = await works(["init", "--demo"], env);
  assert.ok(first.includes(data), first);
  assert.match(first, /captured/);
  const key = await readFile(join(data, "demo.key"), "utf8");
  assert.equal((await stat(join(data, "demo.key"))).mode & 0o777, 0o600);
  assert.equal((await stat(data)).mode & 0o077, 0, "nobody else may look in");
  await works(["init", "--demo"], env);
  assert.equal(await readFile(join(data, "demo.key"), "utf8"), key);
  assert.doesNotMatch(first, new RegExp(key.trim()), "a key is not printed");
});

test("keys are made, listed and revoked; a running server follows", async (t) => {
  const on = await engine(t);
  const made = await ends(0,
    ["keys", "create", "--name", "backend", "--scopes", "emails:write,emails:read"], on.env);
  assert.match(made.stdout, /^sk_live_[\w-]{43}\n$/, "only the key is on stdout");
  assert.match(made.stderr, /not shown again/);
  const key = made.stdout.trim();
  const api = apiOf(on.url, key);
  const status = await api("GET", "/api/v1/status");
  assert.equal(status.status, 200, "a new key works at once");
  assert.deepEqual(status.body.scopes, ["emails:write", "emails:read"]);
  assert.equal(status.body.apiKey.last4, key.slice(-4));

  const list = await works(["keys", "list"], on.env);
  assert.match(list, /backend/);
  assert.ok(!list.includes(key) && !list.includes(on.key), "secrets are not listed");
  const { id } = status.body.apiKey;
  assert.match(await works(["keys", "revoke", id], on.env), /backend/);
  const from = Date.now();
  await eventually("the revoked key is refused", async () =>
    (await api("GET", "/api/v1/status")).status === 401);
  assert.ok(Date.now() - from < REVOKED_MS_MAX, `${Date.now() - from} ms after its revocation`);
  assert.match(await works(["keys", "list"], on.env), /revoked/);
  const gone = await ends(1, ["keys", "revoke", "none"], on.env);
  assert.match(gone.stderr, /no live API key "none"/);
  for (const scopes of ["emails:wrte", "emails", ""]) {
    const wrong = await sf(["keys", "create", "--name", "x", "--scopes", scopes], on.env);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /scope/, scopes);
  }
  assert.match((await sf(["keys", "create", "--name", "x", "--scopes", "emails:wrte"], on.env))
    .stderr, /emails:write/, "the nearest scope is named");
  const last4 = await newKey(on, "by last four", ["all"]);
  await works(["keys", "revoke", last4.slice(-4)], on.env);
});

const template = new URL("../../examples/templates/receipt-default.json", import.meta.url).pathname;

test("a real organisation sends, once delivery is set up", async (t) => {
  const data = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: data };
  const next = await works(["init", "--organization", "Globex"], env);
  assert.match(next, /No delivery is set up.*SEGMENTFLOW_SMTP_URL/);
  assert.match(next, /domains add/);
  const early = await ends(1, ["senders", "add", "Shop <shop@mail.globex.example>"], env);
  assert.match(early.stderr, /domains add mail\.globex\.example/);
  assert.match(await works(["domains", "add", "mail.globex.example"], env), /Verified/);
  await works(["domains", "add", "mail.globex.example"], env);
  await works(["senders", "add", "Shop <shop@mail.globex.example>"], env);
  assert.match(await works(["domains", "add", "Bücher.example"], env), / xn--bcher-kva\.example /);
  assert.match(await works(["senders", "add", "Buch <post@bücher.example>"], env),
    /<post@xn--bcher-kva\.example>/);
  await ends(1, ["templates", "import", template, "--sender", "none@mail.globex.example"], env);
  const imported = await works(
    ["templates", "import", template, "--sender", "shop@mail.globex.example"], env);
  assert.match(imported, /^[0-9a-f-]{36} {2}receipt-default {2}Receipt\n$/);
  await works(["groups", "add", "News", "--policy", "OptIn"], env);
  assert.match(await works(["groups", "subscribe", "News", "pat@example.org"], env), /subscribed/);
  await ends(2, ["groups", "subscribe", "News", "nope"], env);
  for (const args of [["groups", "subscribe", "None", "a@b.co"],
    ["templates", "import", join(data, "none.json")]]) {
    oneLine((await ends(1, args, env)).stderr);
  }

  const port = await freePort();
  const program = start(t, binary, ["serve", "--listen", `127.0.0.1:${port}`], { env });
  const url = `http://127.0.0.1:${port}`;
  await eventually("it is ready", () =>
    fetch(`${url}/readyz`).then((answer) => answer.ok, () => false));
  await eventually("start-up says that nothing is delivered", () =>
    program.log().includes("No delivery is set up"));
  const key = (await works(["keys", "create", "--name", "shop", "--scopes", "all"], env)).trim();
  const on = { api: apiOf(url, key) };
  const body = { templateKey: "receipt-default", to: { email: "pat@example.org" },
    data: { orderId: "1" } };
  const { id } = await accepted(on, body);
  const off = (await on.api("GET", "/api/v1/status")).body.delivery;
  assert.deepEqual([off.mode, off.enabled], ["Off", false]);
  assert.match(off.detail, /SEGMENTFLOW_SMTP_URL/);
  assert.equal((await on.api("GET", `/api/v1/emails/${id}`)).body.status, "Queued");

  const receiver = await sink(t);
  await works(["init"], { ...env, SEGMENTFLOW_SMTP_URL: receiver.url });
  assert.equal((await finalSend(on, id)).status, "Sent", "without a restart");
  assert.equal(receiver.messages[0].parsed.from.text, '"Shop" <shop@mail.globex.example>');
  const then = (await on.api("GET", "/api/v1/status")).body.delivery;
  assert.deepEqual([then.mode, then.enabled], ["Smtp", true]);
});

test("doctor tells what is well and what is not", async (t) => {
  const data = await dataFolder(t);
  const env = { SEGMENTFLOW_DATA_DIR: data };
  const none = await ends(1, ["doctor"], env);
  assert.match(none.stdout, /^FAIL .*segmentflow init/m);
  await works(["init"], env);
  const bare = await works(["doctor"], env);
  assert.match(bare, /^warn .*keys create/m);
  assert.match(bare, /^warn .*No delivery is set up/m);
  const on = await engine(t);
  const well = await works(["doctor"], on.env);
  assert.doesNotMatch(well, /^(warn|FAIL)/m, well);
  assert.match(well, /^ok .*serve on .*is running$/m);
  await chmod(on.data, 0o755);
  assert.match(await works(["doctor"], on.env), /^warn .*chmod 700/m);
});

test("doctor names each file that others can read, and what closes it", async (t) => {
  const on = await engine(t);
  await finalSend(on, (await accepted(on, sendBody())).id);
  const config = join(on.data, "segmentflow.toml");
  await writeFile(config, "log_level = 'info'\n", { mode: 0o640 });
  assert.doesNotMatch(await works(["doctor"], on.env), /^warn/m, "as they are made");
  const [mail] = await readdir(join(on.data, "captured"));
  const files = ["secret", "segmentflow.db", "demo.key", "segmentflow.toml", "captured",
    join("captured", mail)];
  for (const file of files) {
    const path = join(on.data, file);
    const { mode } = await stat(path);
    await chmod(path, mode | 0o004);
    const [, command] = /^warn .* can be read by other users; run (chmod .*)$/m
      .exec(await works(["doctor"], on.env)) ?? assert.fail(`nothing about ${file}`);
    assert.equal((await run("bash", ["-c", command])).code, 0, command);
    assert.doesNotMatch(await works(["doctor"], on.env), /^warn/m, `${file} after ${command}`);
  }
});

test("beyond loopback only with a key", async (t) => {
  const env = { SEGMENTFLOW_DATA_DIR: await dataFolder(t) };
  const port = await freePort();
  const serve = ["serve", "--listen", `0.0.0.0:${port}`];
  const refused = await ends(1, serve, env);
  assert.match(refused.stderr, /Refusing to listen on 0\.0\.0\.0.*keys create/);
  await works(["init"], env);
  await works(["keys", "create", "--name", "k", "--scopes", "all"], env);
  const program = start(t, binary, serve, { env });
  await eventually("it serves", () => {
    if (!program.isRunning) throw new Error(program.log());
    return fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false);
  });
});

test("a port that is taken is named", async (t) => {
  const on = await engine(t);
  const done = await ends(1, ["serve", "--listen", `127.0.0.1:${on.port}`], on.env);
  const said = done.stderr.split("\n").find((line) => /in use/i.test(line));
  assert.match(said ?? done.stderr, new RegExp(`127\\.0\\.0\\.1:${on.port}`));
  assert.equal((await on.api("GET", "/api/v1/status")).status, 200, "the first one is unharmed");
});

test("a server and mcp with another secret refuse, checking a key needs none", async (t) => {
  const on = await engine(t);
  const port = await freePort();
  const env = { ...on.env, SEGMENTFLOW_SECRET: "0".repeat(64) };
  const done = await ends(1, ["serve", "--listen", `127.0.0.1:${port}`], env);
  assert.match(done.stderr, /secret/i);
});

test("call runs operations by id and by tool name", async (t) => {
  const on = await engine(t);
  const sent = await on.cli(["call", "emails.send",
    JSON.stringify({ idempotencyKey: freshKey(), ...sendBody() })]);
  assert.equal(sent.code, 0, sent.stderr);
  const { id } = JSON.parse(sent.stdout);
  assert.equal((await finalSend(on, id)).status, "Sent", "the running server delivers it");
  const bridged = await run(binary, ["call", "get_email", JSON.stringify({ id })], {
    env: { SEGMENTFLOW_BASE_URL: on.url, SEGMENTFLOW_API_KEY: on.key },
  });
  assert.equal(JSON.parse(bridged.stdout).status, "Sent");
  const typo = await on.cli(["call", "emails.sned", "{}"]);
  assert.equal(typo.code, 1);
  assert.match(typo.stderr, /emails\.sned.*emails\.send\?/);
  const broken = await on.cli(["call", "status", "{"]);
  assert.deepEqual([broken.code, broken.stdout], [2, ""]);
  const keyless = await sf(["call", "status"], on.env);
  assert.equal(keyless.code, 1);
  assert.match(keyless.stderr, /SEGMENTFLOW_API_KEY/);
});

// A send of which all but the last byte has arrived: {finish(), answer}.
async function halfSent(on) {
  const body = JSON.stringify(sendBody());
  const socket = connect(on.port, "127.0.0.1");
  const answer = new Promise((done, fail) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (part) => (text += part));
    socket.on("end", () => done(text)).on("error", fail);
  });
  await new Promise((done) => socket.once("connect", done));
  socket.write([
    "POST /api/v1/emails HTTP/1.1", `Host: 127.0.0.1:${on.port}`, `x-api-key: ${on.key}`,
    "content-type: application/json", `Idempotency-Key: ${freshKey()}`,
    `content-length: ${body.length}`, "", body.slice(0, -1),
  ].join("\r\n"));
  return { finish: () => socket.write(body.slice(-1)), answer };
}

test("SIGTERM answers the request under way, and is deaf to new ones", async (t) => {
  const on = await engine(t);
  await on.api("GET", "/api/v1/status"); // leaves an idle connection, which holds nothing up
  const half = await halfSent(on);
  await new Promise((done) => setTimeout(done, 100)); // the head has arrived
  const ended = on.program.kill("SIGTERM");
  await eventually("it says that it stops", () => on.program.log().includes("signal 15"));
  await eventually("new connections are refused", () =>
    fetch(`${on.url}/healthz`).then(() => false, () => true));
  half.finish();
  const text = await half.answer;
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /"status":"Queued"/);
  assert.deepEqual(await ended, { code: 0, signal: null }, on.program.log());
  const again = await engine(t, { folder: on.data });
  const { id } = JSON.parse(text.slice(text.indexOf("{")));
  assert.equal((await finalSend(again, id)).status, "Sent");
});

test("the log is JSON lines, without secrets or message content", async (t) => {
  const on = await engine(t);
  const data = { orderId: "ord_1", receiptUrl: "https://example.com/?token=s3cret" };
  await finalSend(on, (await accepted(on, sendBody({ data }))).id);
  const lines = on.program.log().trimEnd().split("\n");
  const entries = lines.map((line) => JSON.parse(line));
  const access = entries.find((one) => one.event === "http" && one.operation === "emails.send");
  assert.deepEqual([access.method, access.path, access.status], ["POST", "/api/v1/emails", 200]);
  assert.ok(access.requestId && access.duration_us > 0);
  for (const text of [on.key, "s3cret", "alex@example.com"]) {
    assert.ok(!on.program.log().includes(text), `${text} in the log`);
  }
});
