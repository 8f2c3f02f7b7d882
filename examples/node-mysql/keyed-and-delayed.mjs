// Writes two events of one ordering key, one of another key, and one that is due in three seconds. Prints their ids.
//
//   npm ci --prefix examples/node-mysql
//   source .relaybox/env
//   node examples/node-mysql/keyed-and-delayed.mjs
import { randomUUID } from "node:crypto";
import mysql from "mysql2/promise";

const { DATABASE_SCHEMA: schema = "relaybox", OUTBOX_TABLE: table = "outbox" } = process.env;
const outbox = `${mysql.escapeId(schema)}.${mysql.escapeId(table)}`;
const lockKeys = `${mysql.escapeId(schema)}.${mysql.escapeId(`${table}_lock_keys`)}`;

// The server has rolled the transaction back, or waited too long for a lock: the same transaction can succeed the next time.
const MET_ANOTHER_TRANSACTION = new Set([
  1213, // deadlock
  1205, // a lock was not there in time
  1020, // MariaDB: a row has changed since the transaction's snapshot
]);

// The events are made before the transaction, which may be run again.
const event = (customer, more) => ({
  eventId: randomUUID(),
  payload: JSON.stringify({ orderId: randomUUID(), customer, totalCents: 1900 }),
  ...more,
});
const first = event("Grace", { orderingKey: "customer-Grace" });
const second = event("Grace", { orderingKey: "customer-Grace" });
const other = event("Edsger", { orderingKey: "customer-Edsger" });
const later = event("Edsger", { headers: { tenant: "north" } });

async function writeEvents(connection) {
  // Your own writes come first. A transaction that writes several keys takes their locks before it writes the first of them.
  await connection.execute(`CALL ${lockKeys}(?)`, [JSON.stringify(["customer-Grace", "customer-Edsger"])]);
  for (const row of [first, second, other]) {
    await connection.execute(
      `INSERT INTO ${outbox} (event_id, subject, payload, ordering_key) VALUES (?, 'orders.placed', ?, ?)`,
      [row.eventId, row.payload, row.orderingKey],
    );
  }

  // Due by the server's clock, in UTC. Headers are a JSON object of strings.
  await connection.execute(
    `INSERT INTO ${outbox} (event_id, subject, payload, headers, available_at)
     VALUES (?, 'orders.placed', ?, ?, UTC_TIMESTAMP(6) + INTERVAL 3 SECOND)`,
    [later.eventId, later.payload, JSON.stringify(later.headers)],
  );
}

const connection = await mysql.createConnection({ uri: process.env.DATABASE_URL, charset: "utf8mb4" });
try {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await connection.beginTransaction();
      await writeEvents(connection);
      await connection.commit();
      break;
    } catch (error) {
      if (!MET_ANOTHER_TRANSACTION.has(error.errno) || attempt === 5) throw error;
      await connection.rollback();
    }
  }
} finally {
  connection.destroy();
}

console.log([first, second, other, later].map((row) => row.eventId).join("\n"));
