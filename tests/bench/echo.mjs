// The bare service to compare with: parses the JSON it gets and answers with it; keeps nothing.
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const text = JSON.stringify(JSON.parse(Buffer.concat(parts).toString("utf8")));
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
