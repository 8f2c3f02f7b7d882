// Writes two events of one ordering key, and one that is due in three seconds. Prints their ids.
//
//   npm ci --prefix examples/node-mongodb
//   source .relaybox/env
//   node examples/node-mongodb/keyed-and-delayed.mjs
import { randomUUID } from "node:crypto";
import { Long, MongoClient } from "mongodb";

const client = new MongoClient(process.env.MONGODB_URI);
const database = client.db(process.env.DATABASE_NAME);
const outbox = database.collection(process.env.OUTBOX_TABLE ?? "outbox");
const keys = database.collection(`${outbox.collectionName}_keys`);

const event = (orderId) => ({
  _id: randomUUID(),
  subject: "orders.placed",
  payload: JSON.stringify({ orderId, customer: "Grace", totalCents: 4200 }),
  status: "pending",
});
const first = { ...event(randomUUID()), orderingKey: "customer-Grace" };
const second = { ...event(randomUUID()), orderingKey: "customer-Grace" };
const enqueuedAt = new Date();
const later = {
  ...event(randomUUID()),
  headers: { tenant: "north" },
  enqueuedAt,
  availableAt: new Date(enqueuedAt.getTime() + 3_000),
};

// The key's counter gives the next number. A transaction that holds a counter makes others of its key run again: take numbers late.
async function number(row, session) {
  const counter = await keys.findOneAndUpdate(
    { _id: row.orderingKey },
    { $inc: { last: Long.ONE }, $currentDate: { usedAt: true } },
    { session, upsert: true, returnDocument: "after" },
  );
  return { ...row, orderNumber: Long.fromValue(counter.last) };
}

try {
  await client.withSession((session) =>
    session.withTransaction(
      async () => {
        // Your own writes come first.
        await outbox.insertOne(await number(first, session), { session });
        await outbox.insertOne(await number(second, session), { session });
        await outbox.insertOne(later, { session });
      },
      { readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } },
    ),
  );
} finally {
  await client.close();
}

console.log([first, second, later].map((row) => row._id).join("\n"));
