// Writes two events of one ordering key, one of another key, and one that is due in three seconds. Prints their ids.
//
//   npm ci --prefix examples/node-redis
//   source .relaybox/env
//   node examples/node-redis/keyed-and-delayed.mjs
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { defineOutbox, insert, tagOf } from "./outbox.mjs";

const event = (customer, more) => ({
  eventId: randomUUID(),
  subject: "orders.placed",
  payload: JSON.stringify({ orderId: randomUUID(), customer, totalCents: 1900 }),
  ...more,
});

const redis = new Redis(process.env.REDIS_URL);
try {
  defineOutbox(redis);

  // Due by the server's clock.
  const [seconds] = await redis.time();
  const events = [
    event("Grace", { orderingKey: "customer-Grace" }),
    event("Grace", { orderingKey: "customer-Grace" }),
    event("Edsger", { orderingKey: "customer-Edsger" }),
    event("Edsger", { headers: { tenant: "north" }, availableAt: (Number(seconds) + 3) * 1000 }),
  ];

  // In their order: the order of a key is the order in which the server executes the scripts.
  for (const one of events) {
    await insert(redis, tagOf(one.orderingKey ?? one.eventId), one);
  }

  console.log(events.map((one) => one.eventId).join("\n"));
} finally {
  redis.disconnect();
}
