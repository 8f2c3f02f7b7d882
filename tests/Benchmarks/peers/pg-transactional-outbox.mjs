// pg-transactional-outbox, as an outbox with a general handler and its protections off, as its documentation has it. It
// processes each message in a transaction of its own, and keeps it (processed_at). Its two listeners:
// - polling: large batches of messages that may go in parallel. The next batch is asked for when one is done: each question
//   looks at everything that is unprocessed, and locks rows whose handlers would then fail.
// - replication: told of new rows by the write-ahead log at once (the server needs wal_level = logical); many at a time.
import {
  DatabaseSetup, createReplicationSemaphoreConcurrencyController, getDisabledLogger,
  initializePollingMessageListener, initializeReplicationMessageListener,
} from "pg-transactional-outbox";
import pg from "pg";
import { Countdown, Latencies, now, payload, serve, url, within } from "./peer.mjs";

const replication = process.argv[4] === "replication";
const batchSize = 500;
const connections = replication ? 10 : 20;
const setup = {
  outboxOrInbox: "outbox", database: "postgres", schema: "trx", table: "outbox", listenerRole: "postgres",
  publication: "trx_publication", replicationSlot: "trx_slot", nextMessagesName: "next_messages",
};
const pool = new pg.Pool({ connectionString: url, max: 1 });
pool.on("error", (error) => console.error(error.message));
const count = new Countdown();
const latencies = new Latencies();
const logger = { ...getDisabledLogger(), error: (error, text) => console.error(text ?? error) };

const config = {
  outboxOrInbox: "outbox",
  dbListenerConfig: { connectionString: url },
  dbHandlerConfig: { connectionString: url, max: connections },
  settings: {
    dbSchema: setup.schema, dbTable: setup.table,
    enableMaxAttemptsProtection: false, enablePoisonousMessageProtection: false,
    messageCleanupIntervalInMs: 0,
    dbPublication: setup.publication, dbReplicationSlot: setup.replicationSlot,
    nextMessagesFunctionSchema: setup.schema, nextMessagesFunctionName: setup.nextMessagesName,
    nextMessagesBatchSize: batchSize, nextMessagesLockInMs: 60_000, nextMessagesPollingIntervalInMs: 10,
  },
};

// How many messages should be under way. Where that is no more than there are, it is asked again at once.
async function batchSizeStrategy(underWay) {
  await new Promise(setImmediate);
  return underWay === 0 ? batchSize : 0;
}

function listen(handle) {
  const [shutdown] = replication
    ? initializeReplicationMessageListener(config, { handle }, logger, {
      concurrencyStrategy: createReplicationSemaphoreConcurrencyController(connections),
    })
    : initializePollingMessageListener(config, { handle }, logger, { batchSizeStrategy });
  return shutdown;
}

// A listener that was stopped leaves its slot a little later, and what it has not confirmed would come again.
async function clear() {
  await pool.query(`TRUNCATE ${setup.schema}.${setup.table}`);
  while (replication && (await pool.query(inUse)).rowCount > 0);
  if (replication) await pool.query(`SELECT pg_replication_slot_advance('${setup.replicationSlot}', pg_current_wal_lsn())`);
}

const inUse = `SELECT FROM pg_replication_slots WHERE slot_name = '${setup.replicationSlot}' AND active`;
const processed = `SELECT count(*)::int AS count FROM ${setup.schema}.${setup.table} WHERE processed_at IS NOT NULL`;
const insert = `INSERT INTO ${setup.schema}.${setup.table} (id, aggregate_type, aggregate_id, message_type, concurrency, payload)`;

await serve({
  async open() {
    for (const sql of [DatabaseSetup.dropAndCreateTable(setup), DatabaseSetup.createPollingFunction(setup), DatabaseSetup.setupPollingIndexes(setup)]) {
      await pool.query(sql);
    }

    if (replication) {
      await pool.query(DatabaseSetup.setupReplicationCore(setup));
      await pool.query(`SELECT pg_create_logical_replication_slot('${setup.replicationSlot}', 'pgoutput')`);
    }
  },

  async prepare({ rows }) {
    await clear();
    await pool.query(
      `${insert} SELECT gen_random_uuid(), 'order', n::text, 'order_placed', 'parallel', $1::jsonb FROM generate_series(1, $2::int) n`,
      [payload, rows]);
    await pool.query(`VACUUM (ANALYZE) ${setup.schema}.${setup.table}`);
  },

  async drain({ rows }) {
    const handled = count.start(rows);
    const start = now();
    const shutdown = listen(async () => count.take());
    await within(600, handled);

    // The last messages are handled before their transactions are committed.
    while ((await pool.query(processed)).rows[0].count !== rows);
    const seconds = now() - start;
    await shutdown();
    return { seconds };
  },

  async latency({ rows, rate }) {
    await clear();
    const shutdown = listen(async (message) => latencies.handled(message.aggregateId));
    const writer = new pg.Client({ connectionString: url });
    await writer.connect();
    const milliseconds = await latencies.measure(rows, rate, async (id) => {
      await writer.query(`${insert} VALUES (gen_random_uuid(), 'order', $1, 'order_placed', 'parallel', $2::jsonb)`, [id, payload]);
    });
    await writer.end();
    await shutdown();
    return { milliseconds };
  },
});
