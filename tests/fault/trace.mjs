// Reads what strace wrote about `serve` and judges it: does an answer ever leave before what it
// promises is on disk? Pure functions of the text, so that they can be shown a bad trace as well.

// The calls to trace, and how: paths beside descriptors, enough of each text to know requests.
export const TRACE_OPTIONS = [
  "-f",
  "-y",
  "-s",
  "64",
  "-e",
  "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,renameat,fdatasync,fsync",
];

const READS = new Set(["read", "readv", "recvfrom", "recvmsg"]);
const WRITES = new Set(["write", "writev", "sendto", "sendmsg"]);
const SYNCS = new Set(["fdatasync", "fsync"]);

// One traced call has a begin and an end; other threads' lines may stand between them.
// Events in the order of the trace: {thread, call, text, isBegin, isEnd, result}.
export function parseTrace(text) {
  const events = [];
  const open = new Map(); // thread → the call it is in
  for (const line of text.split("\n")) {
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/.exec(line);
    if (resumed) {
      const [, thread, call, rest] = resumed;
      const begun = open.get(thread)?.text ?? "";
      open.delete(thread);
      const result = Number(/= (-?\d+)[^=]*$/.exec(rest)?.[1]);
      events.push({ thread, call, text: begun + rest, isBegin: false, isEnd: true, result });
      continue;
    }
    const [, thread, call, rest] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (!call) continue;
    const isEnd = !rest.endsWith("<unfinished ...>");
    const result = isEnd ? Number(/= (-?\d+)[^=]*$/.exec(rest)?.[1]) : undefined;
    const event = { thread, call, text: rest, isBegin: true, isEnd, result };
    if (!isEnd) open.set(thread, event);
    events.push(event);
  }
  return events;
}

const isOnLog = ({ text }) => /^\d+<[^>]*\.db-wal>/.test(text);

// For callers that send one request after the other: `answers` with status 200, `early` ones among
// them that left before a sync of the log that was begun after its last write and after the
// request was read, and the `syncs` of the log between a request and its answer.
export function judgeTrace(text) {
  const verdict = { answers: 0, early: 0, syncs: 0, syncsPerAnswer: [] };
  let now = 0;
  let requestAt; // undefined: no request is open
  let writtenAt = 0;
  let syncedAt = 0; // when the latest successful sync was begun
  let syncs = 0;
  const begunAt = new Map(); // thread → begin of the sync it is in
  for (const event of parseTrace(text)) {
    now += 1;
    if (READS.has(event.call) && event.isEnd && event.text.includes('"POST /api/v1/emails')) {
      requestAt = now;
      syncs = 0;
    } else if (event.call === "pwrite64" && isOnLog(event)) {
      writtenAt = now;
    } else if (SYNCS.has(event.call) && isOnLog(event)) {
      if (event.isBegin) begunAt.set(event.thread, now);
      if (event.isEnd && event.result === 0) {
        syncedAt = Math.max(syncedAt, begunAt.get(event.thread));
        verdict.syncs += 1;
        syncs += 1;
      }
    } else if (WRITES.has(event.call) && event.isBegin && event.text.includes('"HTTP/1.1 200')) {
      if (requestAt === undefined) continue; // an answer to something else, such as /readyz
      verdict.answers += 1;
      if (syncedAt < requestAt || syncedAt < writtenAt) verdict.early += 1;
      verdict.syncsPerAnswer.push(syncs);
      requestAt = undefined;
    }
  }
  return verdict;
}

// For messages that are captured one after the other: how many `files` got their names, and how
// often one was `careless`: its content was not synced before that, or its name was not before the
// database was written again, which then says Sent.
export function judgeCapture(text) {
  const verdict = { files: 0, careless: 0 };
  const synced = new Set(); // files whose content is on disk
  let unsynced = 0; // names that are not
  for (const event of parseTrace(text)) {
    const path = /^\d+<([^>]*)>/.exec(event.text)?.[1] ?? "";
    if (WRITES.has(event.call) && event.isBegin) synced.delete(path);
    if (SYNCS.has(event.call) && event.isEnd && event.result === 0) {
      if (path.endsWith(".part")) synced.add(path);
      if (path.endsWith("/captured")) unsynced = 0;
    }
    if (event.call === "renameat" && event.isEnd && event.result === 0) {
      const name = /"([^"]*)"/.exec(event.text)[1];
      verdict.files += 1;
      unsynced += 1;
      if (!synced.has(`${path}/${name}`)) verdict.careless += 1;
    }
    if (event.call === "pwrite64" && event.isBegin && isOnLog(event)) {
      verdict.careless += unsynced;
      unsynced = 0;
    }
  }
  return verdict;
}

// The same trace without its syncs: as a careless program would have made it.
export function withoutSyncs(text) {
  return text
    .split("\n")
    .filter((line) => !/^\d+ +(<\.\.\. )?f(data)?sync\b/.test(line))
    .join("\n");
}
