// TLS to PostgreSQL is libpq's, by the options of the URL: what they ask for is kept.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ownServer, psql } from "./database.mjs";
import { binary, dataFolder, engine, run } from "./harness.mjs";

const PLAIN_SESSIONS = `SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)
  WHERE a.application_name = 'segmentflow' AND NOT s.ssl`;
const SESSIONS = PLAIN_SESSIONS.replace("AND NOT s.ssl", "");

// A server that takes TLS, and the URL of it over TCP with these options.
async function tlsServer(t) {
  const server = await ownServer(t);
  const { certificate } = await server.tell("tls");
  const urlOf = (host, options) =>
    `postgresql://segmentflow@${host}:${server.port}/postgres?${new URLSearchParams(options)}`;
  return { server, certificate, urlOf };
}

test("sslmode=verify-full: all sessions are encrypted, to the server that was meant", async (t) => {
  const { server, certificate, urlOf } = await tlsServer(t);
  const url = urlOf("127.0.0.1", { sslmode: "verify-full", sslrootcert: certificate });
  const on = await engine(t, { settings: { SEGMENTFLOW_DATABASE_URL: url } });
  assert.equal((await on.api("GET", "/api/v1/emails/missing")).status, 400);
  assert.ok(Number(await psql(server.url, SESSIONS)) > 0);
  assert.equal((await psql(server.url, PLAIN_SESSIONS)).trim(), "0");
});

test("sslmode=verify-full: another name or another authority is refused, and said", async (t) => {
  const { certificate, urlOf } = await tlsServer(t);
  const other = await tlsServer(t);
  const refused = async (host, sslrootcert) => {
    const data = await dataFolder(t);
    const url = urlOf(host, { sslmode: "verify-full", sslrootcert });
    const env = { SEGMENTFLOW_DATA_DIR: data, SEGMENTFLOW_DATABASE_URL: url };
    const done = await run(binary, ["init"], { env });
    assert.equal(done.code, 1, done.stdout);
    return done.stderr;
  };
  assert.match(await refused("localhost", certificate), /server certificate for .* does not match/);
  assert.match(await refused("127.0.0.1", other.certificate), /certificate verify failed/);
});
