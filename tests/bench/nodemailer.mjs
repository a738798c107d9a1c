// What a backend does without an engine: npm nodemailer, 20 pooled connections, nothing durable.
// Arguments: port of the receiver, messages, file with {subject, text, html} as JSON.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

// From the packages of the end-to-end tests.
const { createTransport } = createRequire(new URL("../e2e/package.json", import.meta.url))(
  "nodemailer",
);

const CONNECTIONS = 20;
const CALLERS = 100; // sends in flight; more than the pool takes at once
const from = "Acme Receipts <receipts@example.com>";
const WARM_UP = 500; // the compiler's time is not what is compared

const [port, count, bodies] = process.argv.slice(2);
const content = JSON.parse(await readFile(bodies, "utf8"));
const mailer = createTransport({
  host: "127.0.0.1",
  port: Number(port),
  pool: true,
  maxConnections: CONNECTIONS,
  maxMessages: Infinity,
  ignoreTLS: true,
});

async function send(total) {
  let next = 0;
  const caller = async () => {
    while (next < total) {
      const to = `customer${next++}@customers.example`;
      await mailer.sendMail({ from, to, textEncoding: "base64", ...content });
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

await send(WARM_UP);
const cpuBefore = process.cpuUsage();
const start = process.hrtime.bigint();
await send(Number(count));
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const cpu = process.cpuUsage(cpuBefore);
mailer.close();
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
const residentMb = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ seconds, cpuSeconds, residentMb, sent: Number(count) + WARM_UP }));
