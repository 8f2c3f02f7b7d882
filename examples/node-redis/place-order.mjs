// Places an order and writes its event, by one script. Prints the event's id.
//
//   npm ci --prefix examples/node-redis
//   source .relaybox/env
//   node examples/node-redis/place-order.mjs [ORDER_ID [EVENT_ID]]
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { defineOutbox, insert, tagOf } from "./outbox.mjs";

// Who must be able to repeat the script takes the same event id again.
const [orderId = randomUUID(), eventId = randomUUID()] = process.argv.slice(2);
const order = { orderId, customer: "Adele", totalCents: 4200 };

// Connects as REDIS_URL says: redis://user:password@host:port/0.
const redis = new Redis(process.env.REDIS_URL);
try {
  defineOutbox(redis);

  // The event goes where the order is: one script changes keys of one hash tag only.
  const tag = tagOf(orderId);
  const key = `order:${tag}:${orderId}`;
  await insert(redis, tag, { eventId, subject: "orders.placed", payload: JSON.stringify(order) }, {
    conditions: [["absent", key]],
    writes: [
      ["hash-set", key, "customer", order.customer],
      ["hash-set", key, "totalCents", order.totalCents],
    ],
  });
} finally {
  redis.disconnect();
}

console.log(eventId);
