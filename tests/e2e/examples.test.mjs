// The example clients, run as a reader would run them.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { engine, run } from "./harness.mjs";

const path = (name) => fileURLToPath(new URL(`../../examples/clients/${name}`, import.meta.url));
const clients = {
  "send.mjs": (...args) => [process.execPath, [path("send.mjs"), ...args]],
  "send.py": (...args) => ["/usr/bin/python3", [path("send.py"), ...args]],
};

// A server that answers the first requests with these, then passes them on to the engine.
async function moody(t, on, answers) {
  const left = [...answers];
  const server = createServer(async (request, response) => {
    const mood = left.shift();
    if (mood === "hang up") return request.socket.destroy();
    if (mood) return response.writeHead(mood, { "retry-after": "1" }).end("<html>");
    const chunks = await Array.fromAsync(request);
    const answer = await on.api(request.method, request.url,
      chunks.length > 0 ? Buffer.concat(chunks).toString() : undefined,
      request.headers["idempotency-key"]
        ? { "Idempotency-Key": request.headers["idempotency-key"] } : {});
    return response.writeHead(answer.status, { "content-type": "application/json" })
      .end(answer.text);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test("the example clients send, say each retry in a line, and what is refused", async (t) => {
  const on = await engine(t);
  for (const [name, command] of Object.entries(clients)) {
    const env = { SEGMENTFLOW_API_KEY: on.key };
    env.SEGMENTFLOW_BASE_URL = await moody(t, on, [503, 502]);
    const sent = await run(...command("alex@example.com", `order-${name}`), { env });
    assert.equal(sent.code, 0, sent.stderr);
    assert.match(sent.stdout, /^accepted [0-9a-f-]{36}\nSent\n$/);
    const lines = sent.stderr.trimEnd().split("\n");
    assert.equal(lines.length, 2, sent.stderr);
    lines.forEach((line, at) =>
      assert.match(line, new RegExp(`; try ${at + 1} of 5, the next in 1 s$`)));

    env.SEGMENTFLOW_BASE_URL = await moody(t, on, ["hang up"]);
    const dropped = await run(...command("alex@example.com", `order-${name}`), { env });
    assert.match(dropped.stderr, /^no answer from http:.*; try 1 of 5, the next in 2 s\n$/);
    assert.equal(dropped.stdout.split("\n")[0], sent.stdout.split("\n")[0], "a replay");

    const refused = await run(...command("nobody", "order-x"), { env });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^ValidationFailed: .*\n {2}\/to\/email: /);
  }
});
