// Writes rows of the outbox, and the app's own data with them, by the script that Relaybox ships: all of it, or nothing.
import { readFileSync } from "node:fs";

const VERSION = 1;
const SETS = ["schema", "due", "leases", "lines", "later", "sent", "failed", "seq"];
const { REDIS_KEY_PREFIX: prefix = "relaybox", REDIS_BUCKETS: buckets = "1" } = process.env;

// CRC-16/XMODEM, which Redis itself uses for hash slots.
function crc16(text) {
  let crc = 0;
  for (const octet of Buffer.from(text, "utf8")) {
    crc ^= octet << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}

// The hash tag of the bucket that a text belongs to. A keyed event has to be in that of its ordering key; another may be in any, such as
// that of the data which it is written with.
export const tagOf = (text) => `{${prefix}:${crc16(text) % Number(buckets)}}`;

// Makes redis.outboxInsert of a client of ioredis. The client sends the script's SHA-1, and the script itself where the server does not know it.
export function defineOutbox(redis) {
  redis.defineCommand("outboxInsert", { lua: readFileSync(new URL("../redis/outbox_insert.lua", import.meta.url), "utf8") });
}

// Writes an event and the app's commands. A command is [name, key, first argument, second argument]; a condition as well, and all
// of them have to hold. Keys of the app carry the tag of the bucket: order:{relaybox:0}:7.
export async function insert(redis, tag, event, { conditions = [], writes = [] } = {}) {
  const keys = [...SETS.map((name) => `${tag}:${name}`), `${tag}:row:${event.eventId}`];
  const place = (key) => keys.indexOf(key) + 1 || keys.push(key);
  const commands = [...conditions, ...writes].flatMap(([name, key, first = "", second = ""]) => [name, place(key), first, second]);
  const [answer, ...more] = await redis.outboxInsert(
    keys.length,
    ...keys,
    VERSION,
    buckets,
    1, // one event
    SETS.length + 1, // the place of its row in the keys
    event.eventId,
    event.subject,
    event.payload,
    event.headers ? JSON.stringify(event.headers) : "",
    event.orderingKey ?? "",
    "", // enqueued at: by the server's clock
    event.availableAt ?? "", // milliseconds since 1970
    event.result ?? "",
    `${prefix}:due`, // wakes the relay
    conditions.length,
    writes.length,
    ...commands,
    0, // the results of the writes do not become the event's
  );
  if (answer !== "written") throw new Error(`Nothing was written: ${answer} ${JSON.stringify(more)}`);
}
