// Places an order and writes its event, in one transaction. Prints the event's id.
//
//   npm ci --prefix examples/node-mongodb
//   source .relaybox/env
//   node examples/node-mongodb/place-order.mjs [ORDER_ID [EVENT_ID]]
import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";

// Made before the transaction, which may be run again. Who must be able to repeat it later takes the same event id again.
const [orderId = randomUUID(), eventId = randomUUID()] = process.argv.slice(2);
const order = { orderId, customer: "Radia", totalCents: 4200 };

// Connects as MONGODB_URI says, to the database DATABASE_NAME or else to the URI's.
const client = new MongoClient(process.env.MONGODB_URI);
try {
  const database = client.db(process.env.DATABASE_NAME);
  const outbox = database.collection(process.env.OUTBOX_TABLE ?? "outbox");

  // The app's own collection; 48 says that it is there.
  await database.createCollection("orders").catch((error) => {
    if (error.code !== 48) throw error;
  });

  // Runs the function again on TransientTransactionError, and the commit alone on UnknownTransactionCommitResult.
  await client.withSession((session) =>
    session.withTransaction(
      async () => {
        await database
          .collection("orders")
          .insertOne({ _id: order.orderId, customer: order.customer, totalCents: order.totalCents }, { session });
        await outbox.insertOne(
          { _id: eventId, subject: "orders.placed", payload: JSON.stringify(order), status: "pending" },
          { session },
        );
      },
      { readConcern: { level: "snapshot" }, writeConcern: { w: "majority" } },
    ),
  );
} finally {
  await client.close();
}

console.log(eventId);
