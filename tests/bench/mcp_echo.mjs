// The same tool on the official TypeScript SDK: node mcp_echo.mjs --stdio | --listen
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const tool = {
  name: "echo", title: "Echo", description: "Gives the message back.",
  inputSchema: {
    type: "object", properties: { message: { type: "string" } }, required: ["message"],
  },
};

function echo() {
  const server = new Server({ name: "echo", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [tool] }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({
    content: [{ type: "text", text: params.arguments.message }],
  }));
  return server;
}

if (process.argv[2] === "--stdio") {
  await echo().connect(new StdioServerTransport());
} else {
  const sessions = new Map();
  const listener = createServer(async (asked, answer) => {
    let transport = sessions.get(asked.headers["mcp-session-id"]);
    if (!transport) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID, enableJsonResponse: true,
        onsessioninitialized: (id) => sessions.set(id, transport),
      });
      await echo().connect(transport);
    }
    await transport.handleRequest(asked, answer);
  });
  listener.listen(0, "127.0.0.1", () =>
    console.log(`http://127.0.0.1:${listener.address().port}/mcp`));
  process.on("SIGTERM", () => process.exit(0));
}
