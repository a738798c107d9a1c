// A mail server that says exactly what a test wants: line by line, whatever RFC 5321 thinks of it.
import { createServer } from "node:net";

// answer(line, session) gives the reply to a command, "." being the end of the content, as a string
// without its CRLF; undefined: the usual one. `greeting` is said first. session: {commands, from,
// recipients, transactions}. Gives {url, port, mails, sessions}; mails are {from, to, content}.
export async function scriptedRelay(t, { greeting = "220 relay", answer = () => undefined } = {}) {
  const relay = { greeting, answer, mails: [], sessions: [], sockets: new Set() };
  const server = createServer((socket) => serve(relay, socket));
  await new Promise((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const socket of relay.sockets) socket.destroy();
    server.close();
  });
  relay.port = server.address().port;
  relay.url = `smtp://127.0.0.1:${relay.port}?tls=off`;
  return relay;
}

const usual = {
  EHLO: "250-relay\r\n250-AUTH PLAIN\r\n250 ENHANCEDSTATUSCODES",
  AUTH: "235 2.7.0 ok",
  MAIL: "250 2.1.0 ok",
  RCPT: "250 2.1.5 ok",
  DATA: "354 go on",
  RSET: "250 ok",
  QUIT: "221 bye",
  ".": "250 2.0.0 queued",
};

function serve(relay, socket) {
  relay.sockets.add(socket);
  socket.on("close", () => relay.sockets.delete(socket)).on("error", () => {});
  const session = { commands: [], from: "", recipients: [], transactions: 0 };
  relay.sessions.push(session);
  const say = (text) => socket.writable && socket.write(`${text}\r\n`);
  let text = "";
  let content; // lines, while the content comes
  say(relay.greeting);
  if (relay.greeting.startsWith("4")) socket.end();
  socket.setEncoding("latin1").on("data", (part) => {
    text += part;
    for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (content && line !== ".") content.push(line);
      else content = command(relay, session, line, content, say);
    }
  });
}

function command(relay, session, line, content, say) {
  const verb = line === "." ? "." : line.slice(0, 4).toUpperCase();
  session.commands.push(line);
  if (verb === "MAIL") Object.assign(session, { from: address(line), recipients: [] });
  const reply = relay.answer(line, session) ?? usual[verb] ?? "502 5.5.1 what";
  const isGood = /^[23]/.test(reply);
  if (verb === "RCPT" && isGood) session.recipients.push(address(line));
  if (verb === "." && isGood) {
    session.transactions += 1;
    const { from, recipients: to } = session;
    relay.mails.push({ from, to: [...to], content: content.join("\r\n") });
  }
  say(reply);
  return verb === "DATA" && isGood ? [] : undefined;
}

const address = (line) => /<(.*?)>/.exec(line)?.[1] ?? "";
