// Which database the tests run on: SQLite in the data folder, or, where SEGMENTFLOW_TEST_POSTGRES
// is the URL of a server, a database of that server for each data folder.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const server = process.env.SEGMENTFLOW_TEST_POSTGRES ?? "";
export const isPostgres = server !== "";
export const isStrict = process.env.SEGMENTFLOW_TEST_STRICT === "1";

function text(command, args) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (part) => (texts[name] += part));
    }
    child.once("error", fail);
    child.once("close", (code) => {
      if (code === 0) done(texts.stdout);
      else fail(new Error(`${command} ended with ${code}: ${texts.stderr}`));
    });
  });
}

// What psql prints for the statements, on a PostgreSQL URL.
export const psql = (url, sql) => text("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url]);

export function databaseUrl(name, on = server) {
  const url = new URL(on.replace("postgresql:", "http:").replace("///", "//socket/"));
  url.pathname = `/${name}`;
  return url.href.replace("http://socket/", "postgresql:///").replace("http:", "postgresql:");
}

const made = new Set();

// Makes a database on the server, dropped when the tests of the file have ended and with them the
// programs that use it; its URL.
export async function makeDatabase(name) {
  await psql(server, `CREATE DATABASE ${name}`);
  made.add(name);
  return databaseUrl(name);
}

after(async () => {
  for (const name of made) await psql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
});

const cluster = fileURLToPath(new URL("../cluster.py", import.meta.url));

// A server of this test alone, to be stopped and started: {url, folder, port, tell(command)}, as
// in tests/cluster.py. `settings` are the server's, NAME=VALUE.
export async function ownServer(t, settings = []) {
  const child = spawn("python3", [cluster, ...settings], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((done) => child.once("close", done));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.after(() => {
    child.stdin.end();
    return ended;
  });
  const answer = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error("the server's keeper has ended");
    const { error, ...found } = JSON.parse(value);
    if (error) throw new Error(error);
    return found;
  };
  const tell = (command) => {
    child.stdin.write(`${command}\n`);
    return answer();
  };
  return { ...(await answer()), tell };
}

// The settings that give an installation in this data folder its database; the same folder has the
// same database.
export async function databaseSettings(folder) {
  if (!isPostgres) return {};
  const name = `t_${createHash("sha256").update(folder).digest("hex").slice(0, 24)}`;
  if (!made.has(name)) await makeDatabase(name);
  return {
    SEGMENTFLOW_DATABASE_URL: databaseUrl(name),
    ...(isStrict ? { SEGMENTFLOW_DATABASE_STRICT: "true" } : {}),
  };
}

const SQLITE_ROWS = `
import json, sqlite3, sys
db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=10)
db.row_factory = sqlite3.Row
plain = lambda value: value.hex() if isinstance(value, bytes) else value
json.dump([{k: plain(row[k]) for k in row.keys()} for row in db.execute(sys.argv[2])], sys.stdout)
`;

// Rows of the installation's database as objects; bytes as lower-case hexadecimal digits.
export async function rows({ data, env }, sql) {
  const url = env.SEGMENTFLOW_DATABASE_URL;
  if (!url) {
    const file = join(data, "segmentflow.db");
    return JSON.parse(await text("/usr/bin/python3", ["-c", SQLITE_ROWS, file, sql]));
  }
  const found = await psql(url, `SELECT coalesce(json_agg(r), '[]') FROM (${sql}) r`);
  const plain = (value) => (typeof value === "string" ? value.replace(/^\\x/, "") : value);
  return JSON.parse(found).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
  );
}

// "ok" when the database finds itself undamaged.
export async function integrity(on) {
  const url = on.env.SEGMENTFLOW_DATABASE_URL;
  if (!url) return (await rows(on, "PRAGMA integrity_check"))[0].integrity_check;
  await psql(
    url,
    `CREATE EXTENSION IF NOT EXISTS amcheck;
     SELECT bt_index_parent_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam
     WHERE a.amname = 'btree' AND c.relnamespace = 'public'::regnamespace`,
  );
  return "ok";
}
