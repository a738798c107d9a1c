// Clients that watch an email hear when its status changes, whoever changes it.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Client as ModernClient, StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

import { accepted, finalSend, nobody, sendBody } from "./demo.mjs";
import { engine, eventually, mcpClient, newKey } from "./harness.mjs";

const about = { name: "segmentflow-e2e", version: "1.0.0" };
const uriOf = ({ id }) => `segmentflow://emails/${id}`;
const options = (key) => ({
  requestInit: { headers: { authorization: `Bearer ${key}` } },
  eventSourceInit: {
    fetch: (url, init) => fetch(url, {
      ...init, headers: { ...init.headers, authorization: `Bearer ${key}` },
    }),
  },
});

// A client, and the addresses of what it was told has changed.
async function watching(t, client) {
  const told = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
    told.push(params.uri));
  return { client, told };
}

const transports = {
  stdio: async (t, on) => (await mcpClient(t, on)).client,
  "Streamable HTTP": async (t, on) => {
    const client = new Client(about);
    t.after(() => client.close());
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${on.url}/mcp`), options(on.key)));
    return client;
  },
  sse: async (t, on) => {
    const client = new Client(about);
    t.after(() => client.close());
    await client.connect(new SSEClientTransport(new URL(`${on.url}/sse`), options(on.key)));
    return client;
  },
};

for (const [name, connect] of Object.entries(transports)) {
  test(`a legacy client over ${name} hears of a send that another one made`, async (t) => {
    const on = await engine(t);
    const { client, told } = await watching(t, await connect(t, on));
    const send = await accepted(on, sendBody());
    await client.subscribeResource({ uri: uriOf(send) });
    await finalSend(on, send.id);
    await eventually("the client is told", () => told.includes(uriOf(send)));
    const { contents } = await client.readResource({ uri: uriOf(send) });
    assert.equal(JSON.parse(contents[0].text).status, "Sent");
    await assert.rejects(client.subscribeResource({ uri: uriOf({ id: nobody }) }), /no resource/);
    await client.unsubscribeResource({ uri: uriOf(send) });
  });
}

test("a modern client listens, and hears of nothing else", async (t) => {
  const on = await engine(t);
  const client = new ModernClient(about, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  t.after(() => client.close());
  await client.connect(new ModernTransport(new URL(`${on.url}/mcp`), options(on.key)));
  const send = await accepted(on, sendBody());
  const body = {
    jsonrpc: "2.0", id: "listen", method: "subscriptions/listen",
    params: {
      notifications: { resourceSubscriptions: [uriOf(send), uriOf({ id: nobody })] },
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  };
  const stop = new AbortController();
  t.after(() => stop.abort());
  const answer = await fetch(`${on.url}/mcp`, {
    method: "POST", signal: stop.signal, body: JSON.stringify(body),
    headers: {
      authorization: `Bearer ${on.key}`, "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen",
    },
  });
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  assert.equal(answer.headers.get("x-accel-buffering"), "no");
  const messages = [];
  const reading = (async () => {
    let rest = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + chunk).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data: "));
        if (data) messages.push(JSON.parse(data.slice(6)));
      }
    }
  })().catch(() => {});
  await eventually("an update arrives", () =>
    messages.some(({ method }) => method === "notifications/resources/updated"));
  assert.equal(messages[0].method, "notifications/subscriptions/acknowledged");
  assert.deepEqual(messages[0].params.notifications, { resourceSubscriptions: [uriOf(send)] });
  for (const { params } of messages) {
    assert.equal(params._meta["io.modelcontextprotocol/subscriptionId"], "listen");
    if (params.uri) assert.equal(params.uri, uriOf(send));
  }
  stop.abort();
  await reading;
});

test("who may not read it is not told", async (t) => {
  const on = await engine(t);
  const send = await accepted(on, sendBody());
  const key = await newKey(on, "narrow", ["templates:read"]);
  const { client } = await mcpClient(t, on, { key });
  await assert.rejects(client.subscribeResource({ uri: uriOf(send) }), /no resource/);
});
