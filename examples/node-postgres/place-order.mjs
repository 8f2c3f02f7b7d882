// Places an order and writes its event, in one transaction. Prints the event's id.
//
//   npm ci --prefix examples/node-postgres
//   source .relaybox/env
//   node examples/node-postgres/place-order.mjs [ORDER_ID [EVENT_ID]]
import { randomUUID } from "node:crypto";
import pg from "pg";

// Who must be able to repeat the transaction takes the same event id again.
const [orderId = randomUUID(), eventId = randomUUID()] = process.argv.slice(2);
const order = { orderId, customer: "Barbara", totalCents: 4200 };

const { DATABASE_SCHEMA: schema = "relaybox", OUTBOX_TABLE: table = "outbox" } = process.env;
const outbox = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;

// Connects as PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE say.
const client = new pg.Client();
await client.connect();
try {
  // The app's own table.
  await client.query(
    "CREATE TABLE IF NOT EXISTS orders (order_id text PRIMARY KEY, customer text NOT NULL, total_cents integer NOT NULL)",
  );

  await client.query("BEGIN");
  await client.query("INSERT INTO orders (order_id, customer, total_cents) VALUES ($1, $2, $3)", [
    order.orderId,
    order.customer,
    order.totalCents,
  ]);
  await client.query(`INSERT INTO ${outbox} (event_id, subject, payload) VALUES ($1, $2, $3)`, [
    eventId,
    "orders.placed",
    JSON.stringify(order),
  ]);
  await client.query("COMMIT");
} finally {
  // What was not committed is rolled back with the connection. Give a pooled one its ROLLBACK before you release it.
  await client.end();
}

console.log(eventId);
