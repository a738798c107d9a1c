// The table of tools in docs/mcp.md is what the registry says. SEGMENTFLOW_TEST_UPDATE=1 writes it.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { engine, mcpClient, newKey } from "./harness.mjs";

const page = new URL("../../docs/mcp.md", import.meta.url);
const start = "<!-- the table is made from the registry by tests/e2e/tools_page.test.mjs -->\n\n";
const end = "\n<!-- end of the table -->";
const scopes = ["emails:write", "emails:read", "templates:read", "templates:write"];

const toolsOf = async (t, on, key) => (await (await mcpClient(t, on, { key })).client.listTools())
  .tools;

const hintsOf = ({ annotations: { readOnlyHint, destructiveHint, idempotentHint } }) => {
  if (readOnlyHint) return "reads";
  const parts = [destructiveHint ? "changes" : "adds"];
  if (idempotentHint) parts.push("may be repeated");
  return parts.join(", ");
};

test("docs/mcp.md lists the tools of the registry", async (t) => {
  const on = await engine(t);
  const scopeOf = {};
  for (const scope of scopes) {
    const key = await newKey(on, scope.replace(":", "-"), [scope]);
    for (const { name } of await toolsOf(t, on, key)) {
      scopeOf[name] = name in scopeOf ? "any key" : `\`${scope}\``;
    }
  }
  const rows = (await toolsOf(t, on, on.key)).map((tool) =>
    `| \`${tool.name}\` | ${scopeOf[tool.name]} | ${tool.title} | ${hintsOf(tool)} |`);
  const table = ["| tool | scope | what | |", "|---|---|---|---|", ...rows, ""].join("\n");
  const text = await readFile(page, "utf8");
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end);
  assert.ok(from > start.length && to >= from - 1, "the page has a place for the table");
  if (process.env.SEGMENTFLOW_TEST_UPDATE === "1") {
    await writeFile(page, text.slice(0, from) + table + text.slice(to));
  } else {
    assert.equal(text.slice(from, to), table);
  }
});
