import assert from "node:assert/strict";
import { connect } from "node:net";

// POST /api/v1/emails as its very bytes, so that a header may come twice: the answer's body, and
// whether it was a replay.
export async function raw(on, headers, text) {
  const socket = connect(on.port, "127.0.0.1");
  let answer = "";
  const ended = new Promise((done, fail) => socket.setEncoding("utf8")
    .on("data", (part) => (answer += part)).once("end", done).once("error", fail));
  socket.end([
    "POST /api/v1/emails HTTP/1.1", `Host: 127.0.0.1:${on.port}`, `x-api-key: ${on.key}`,
    "content-type: application/json", "connection: close", ...headers,
    `content-length: ${Buffer.byteLength(text)}`, "", text,
  ].join("\r\n"));
  await ended;
  assert.match(answer, /^HTTP\/1\.1 200 /);
  const end = answer.indexOf("\r\n\r\n");
  const head = answer.slice(0, end);
  return { ...JSON.parse(answer.slice(end)), isReplay: /^idempotent-replayed: true$/im.test(head) };
}

