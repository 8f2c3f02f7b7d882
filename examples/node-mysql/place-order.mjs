// Places an order and writes its event, in one transaction. Prints the event's id.
//
//   npm ci --prefix examples/node-mysql
//   source .relaybox/env
//   node examples/node-mysql/place-order.mjs [ORDER_ID [EVENT_ID]]
import { randomUUID } from "node:crypto";
import mysql from "mysql2/promise";

// Who must be able to repeat the transaction takes the same event id again.
const [orderId = randomUUID(), eventId = randomUUID()] = process.argv.slice(2);
const order = { orderId, customer: "Adele", totalCents: 4200 };

const { DATABASE_SCHEMA: schema = "relaybox", OUTBOX_TABLE: table = "outbox" } = process.env;
const outbox = `${mysql.escapeId(schema)}.${mysql.escapeId(table)}`;

// Connects as DATABASE_URL says: mysql://user:password@host:port/database. Ids are compared as bytes: the connection must be utf8mb4.
const connection = await mysql.createConnection({ uri: process.env.DATABASE_URL, charset: "utf8mb4" });
try {
  // The app's own table.
  await connection.query(
    "CREATE TABLE IF NOT EXISTS orders (order_id VARCHAR(64) PRIMARY KEY, customer TEXT NOT NULL, total_cents INT NOT NULL)",
  );

  await connection.query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
  await connection.beginTransaction();
  await connection.execute("INSERT INTO orders (order_id, customer, total_cents) VALUES (?, ?, ?)", [
    order.orderId,
    order.customer,
    order.totalCents,
  ]);
  await connection.execute(`INSERT INTO ${outbox} (event_id, subject, payload) VALUES (?, ?, ?)`, [
    eventId,
    "orders.placed",
    JSON.stringify(order),
  ]);
  await connection.commit();
} finally {
  // What was not committed is rolled back with the connection. Give a pooled one its ROLLBACK before you release it.
  connection.destroy();
}

console.log(eventId);
