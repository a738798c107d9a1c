// The worst neighbours of an installation: an organisation that previews and sends the heaviest
// templates that were found, and strangers who hold connections in every way that was found to
// hurt. One argument, JSON: {port, key, sockets, previewers, senders}; with `times` each template
// is previewed alone instead, and its time told. Says "ready" when all of it is under way, ends
// when its stdin does, and then says what it did as one line of JSON.
import { Agent, request } from "node:http";
import { connect } from "node:net";

const { port, key, sockets, previewers, senders, times = false } = JSON.parse(process.argv[2]);

// --- the heaviest templates, each with data near the limit of 256 KiB ---------------------------

const state = (name) => ({ $state: `/data/${name}` });
const call = (name, args) => ({ $computed: name, args });
const element = (type, props) => ({ type, props });
const text = (value) => element("Text", { text: value });

const page = (elements) => ({
  root: "h",
  elements: {
    h: { ...element("Html", {}), children: ["b"] },
    b: { ...element("Body", {}), children: Object.keys(elements).filter((name) => name !== "x") },
    ...elements,
  },
});
const once = (one) => page({ a: one });
const forEach = (list, one) =>
  page({
    a: { ...element("Section", {}), repeat: { statePath: `/data/${list}` }, children: ["x"] },
    x: one,
  });

const long = "x".repeat(60_000);
const texts = (count, each) => Array.from({ length: count }, () => each);
const members = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`m${at}`, at]));
const nested = "- ".repeat(20);
const markdown = (content) => [once(element("Markdown", { content: state("s") })), { s: content }];
const rows = texts(300, "r");

const WORST = {
  join: [
    once(text(call("join", { value: state("l"), separator: state("s") }))),
    { l: texts(20_000, "ab"), s: long },
  ],
  copies: [once(text(texts(400, state("s")))), { s: long }],
  length: [forEach("rows", text(call("length", { value: state("s") }))), { rows, s: long }],
  upper: [forEach("rows", text(call("upper", { value: state("s") }))), { rows, s: long }],
  address: [
    forEach(
      "rows",
      element("Link", {
        text: "x",
        href: call("concat", { a: "https://a.example/", b: state("s") }),
      }),
    ),
    { rows, s: '"'.repeat(60_000) },
  ],
  numbers: [
    forEach("rows", text(texts(150, call("formatNumber", { value: state("n"), decimals: 20 })))),
    { rows: texts(300, "r"), n: 1.1 },
  ],
  members: [
    forEach("rows", text(texts(100, { $state: "/data/o/m9999" }))),
    { rows, o: members },
  ],
  state: [
    forEach("rows", text(call("length", { value: [{ $state: "/" }] }))),
    { rows, o: members },
  ],
  page: [
    forEach(
      "rows",
      element("Button", {
        text: state("t"),
        href: "https://a.example/",
        style: { color: "red", padding: "1px 2px" },
      }),
    ),
    { rows: texts(900, "r"), t: "Buy" },
  ],
  list: markdown("- a\n".repeat(50_000)),
  emphasis: markdown("*a ".repeat(80_000)),
  nested: markdown(`${nested}\n`.repeat(5_000)),
  quotes: markdown("> ".repeat(100_000)),
  links: markdown("[a](b) ".repeat(30_000)),
  bare: markdown("a@b.cc ".repeat(30_000)),
  table: markdown(`|a|b|\n|-|-|\n${"|c|d|\n".repeat(35_000)}`),
  code: markdown("`a`".repeat(80_000)),
};
const subject = "${/data/s}".repeat(100);
const definitionOf = (body) => ({ from: "sender@attacker.example", subject, body });

// --- calls --------------------------------------------------------------------------------------

const agent = new Agent({ keepAlive: true });
const done = {};
const count = (what) => (done[what] = (done[what] ?? 0) + 1);

function api(method, path, body, headers = {}) {
  const content = JSON.stringify(body);
  const head = {
    "x-api-key": key,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(content),
    ...headers,
  };
  const where = { agent, port, host: "127.0.0.1", method, path, headers: head };
  return new Promise((resolve, reject) => {
    const sent = request(where, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
    });
    sent.on("error", reject);
    sent.end(content);
  });
}

const preview = ([body, data]) =>
  api("POST", "/api/v1/templates/preview", { definition: definitionOf(body), state: { data } });

async function timeEach() {
  for (const [name, shape] of Object.entries(WORST)) {
    await preview(shape);
    const started = performance.now();
    const { status, text: answer } = await preview(shape);
    const took = Math.round(performance.now() - started);
    const said = status === 200 ? `${answer.length} bytes` : JSON.parse(answer).message;
    console.log(name.padEnd(10), String(took).padStart(5), "ms", status, said.slice(0, 110));
  }
}

async function saveAll() {
  const saved = [];
  for (const [name, [body, data]] of Object.entries(WORST)) {
    const definition = { ...definitionOf(body), subject: name };
    const template = { name, purpose: "Transactional", definition };
    const { status, text: answer } = await api("POST", "/api/v1/templates", template);
    const { id, isComplete, problems } = JSON.parse(answer);
    if (!isComplete) throw new Error(`${name}: ${status} ${JSON.stringify(problems ?? answer)}`);
    saved.push({ templateId: id, data });
  }
  return saved;
}

let ended = false;

async function keepPreviewing(first) {
  const shapes = Object.values(WORST);
  for (let at = first; !ended; at += 1) {
    const { status } = await preview(shapes[at % shapes.length]).catch(() => ({ status: "lost" }));
    count(`previews ${status}`);
    if (status === 429) await new Promise((resume) => setTimeout(resume, 50));
  }
}

async function keepSending(saved, first) {
  for (let at = first; !ended; at += 1) {
    const body = { ...saved[at % saved.length], to: { email: `a${at}@attacked.example` } };
    const headers = { "idempotency-key": `attack-${process.pid}-${at}` };
    const answer = api("POST", "/api/v1/emails", body, headers);
    const { status } = await answer.catch(() => ({ status: "lost" }));
    count(`sends ${status}`);
  }
}

// --- strangers ----------------------------------------------------------------------------------

const HEADS = [
  "",
  "GET /api/v1/status HTTP/1.1\r\n",
  "POST /api/v1/emails/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
    "Content-Length: 8388608\r\n\r\n",
  "POST /api/v1/emai",
  "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00",
];
const strangers = [];

function stranger(at) {
  const socket = connect(port, "127.0.0.1");
  const head = HEADS[at % HEADS.length];
  strangers[at] = socket;
  socket.on("connect", () => head && socket.write(head, "latin1"));
  socket.on("error", () => {});
  socket.on("close", () => {
    count("connections closed");
    if (!ended) setTimeout(() => !ended && stranger(at), 1_000);
  });
  socket.resume();
}

async function holdConnections() {
  for (let at = 0; at < sockets; at += 1) {
    stranger(at);
    if (at % 256 === 255) await new Promise((resume) => setTimeout(resume, 20));
  }
  setInterval(() => strangers.forEach((socket) => socket.writable && socket.write("x")), 1_000);
}

if (times) {
  await timeEach();
  process.exit(0);
}
const saved = await saveAll();
await holdConnections();
for (let at = 0; at < previewers; at += 1) keepPreviewing(at);
for (let at = 0; at < senders; at += 1) keepSending(saved, at * 1_000_000);
console.log("ready");
process.stdin.on("end", () => {
  ended = true;
  console.log(JSON.stringify(done));
  process.exit(0);
});
process.stdin.resume();
