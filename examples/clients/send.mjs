#!/usr/bin/env node
// Sends one receipt and waits until it is final. Needs Node 18; no packages.
//   SEGMENTFLOW_API_KEY=sk_live_... node send.mjs alex@example.com ord_9421
const base = process.env.SEGMENTFLOW_BASE_URL ?? "http://127.0.0.1:3001";
const key = process.env.SEGMENTFLOW_API_KEY;
const [to, orderId = "ord_9421"] = process.argv.slice(2);
if (!key || !to) {
  console.error("usage: SEGMENTFLOW_API_KEY=sk_live_... node send.mjs ADDRESS [ORDER_ID]");
  process.exit(2);
}

const TRIES = 5;
const LOOKS = 60;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// A lost connection, 429, 500 and 503 may be temporary. Repeating is safe: the idempotency key
// makes all tries one email.
async function call(method, path, body, headers = {}) {
  for (let attempt = 1; ; ++attempt) {
    let wait = 2 ** attempt;
    try {
      const response = await fetch(base + path, {
        method,
        headers: {
          "x-api-key": key,
          ...(body && { "content-type": "application/json" }),
          ...headers,
        },
        body: body && JSON.stringify(body),
      });
      const answer = await response.json();
      if (response.ok) return answer;
      const temporary = [429, 500, 503].includes(response.status);
      if (!temporary || attempt === TRIES) {
        const details = (answer.details ?? []).map((row) => `\n  ${row.path}: ${row.message}`);
        const text = `${answer.errorCode}: ${answer.message}${details.join("")}`;
        throw Object.assign(new Error(text), { final: true });
      }
      wait = Number(response.headers.get("retry-after") ?? wait);
    } catch (error) {
      if (error.final || attempt === TRIES) throw error;
    }
    await pause(wait);
  }
}

try {
  let email = await call("POST", "/api/v1/emails", {
    templateKey: "receipt-default",
    to: { email: to },
    data: { orderId, orderTotal: "49.00" },
  }, { "Idempotency-Key": `order-confirmation:${orderId}` });
  console.log(`accepted ${email.id}`);

  for (let look = 0; look < LOOKS && ["Queued", "Processing"].includes(email.status); ++look) {
    await pause(1);
    email = await call("GET", `/api/v1/emails/${email.id}`);
  }
  const reason = email.failureReason ?? email.skippedReason;
  console.log(reason ? `${email.status}: ${reason}` : email.status);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
