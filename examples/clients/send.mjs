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
const ANSWER_MS = 30_000;
const TEMPORARY = [429, 500, 502, 503, 504]; // 502 and 504 come from a proxy
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// Why there is no answer: fetch hides it one or two levels down.
const reasonOf = (error) => error.cause?.code ?? error.cause?.message ?? error.message;

// One request: {answer} when it was taken, {problem, wait} when it is worth repeating.
async function attempt(method, path, body, headers) {
  let response;
  let answer;
  try {
    response = await fetch(base + path, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        "x-api-key": key,
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    answer = await response.json().catch(() => ({ message: "not an answer of Segmentflow" }));
  } catch (error) {
    return { problem: `no answer from ${base} (${reasonOf(error)})` };
  }
  if (response.ok) return { answer };
  const details = (answer.details ?? []).map((row) => `\n  ${row.path}: ${row.message}`);
  const problem = `${answer.errorCode ?? response.status}: ${answer.message}${details.join("")}`;
  if (!TEMPORARY.includes(response.status)) throw new Error(problem);
  return { problem, wait: Number(response.headers.get("retry-after")) };
}

// Repeating is safe: the idempotency key
// makes all tries one email.
async function call(method, path, body, headers = {}) {
  for (let number = 1; ; ++number) {
    const { answer, problem, wait } = await attempt(method, path, body, headers);
    if (answer) return answer;
    if (number === TRIES) throw new Error(`${problem}; gave up after ${TRIES} tries`);
    const seconds = wait || 2 ** number;
    console.error(`${problem}; try ${number} of ${TRIES}, the next in ${seconds} s`);
    await pause(seconds);
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
