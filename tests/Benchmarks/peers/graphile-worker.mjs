// graphile-worker, with the settings that worker.graphile.org/docs/performance gives for its own figures:
// 24 concurrent jobs, a pool of 25, a local queue of 500, completions in batches. It deletes a job that is done.
import { EventEmitter } from "node:events";
import { Logger, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { Countdown, Latencies, now, payload, serve, url, within } from "./peer.mjs";

const chunk = 10_000;
const schema = "graphile_worker";
const pgPool = new pg.Pool({ connectionString: url, max: 25 });
pgPool.on("error", (error) => console.error(error.message));
pgPool.on("connect", (client) => client.on("error", (error) => console.error(error.message)));
const count = new Countdown();
const latencies = new Latencies();
const logger = new Logger(() => (level, message) => level === "error" && console.error(message));

const preset = (worker) => ({ worker: { concurrentJobs: 24, maxPoolSize: 25, logger, ...worker } });
const bulk = preset({ localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 });

// A local queue fetches when it is told of new jobs as well, but each job then waits for the batch: it is left out here.
const single = preset({});

function start(options, taskList) {
  const events = new EventEmitter();
  const created = new Promise((resolve) => events.once("pool:create", () => resolve(now())));
  return { created, running: run({ pgPool, preset: options, events, taskList, noHandleSignals: true }) };
}

await serve({
  open: () => runMigrations({ pgPool, preset: bulk }),

  async prepare({ rows }) {
    await pgPool.query(`TRUNCATE ${schema}._private_jobs`);
    for (let left = rows; left > 0; left -= chunk) {
      await pgPool.query(
        `SELECT count(*) FROM ${schema}.add_jobs((
           SELECT array_agg(json_populate_record(null::${schema}.job_spec, json_build_object('identifier', 'publish', 'payload', $1::json)))
           FROM generate_series(1, $2::int)))`,
        [payload, Math.min(left, chunk)]);
    }
    await pgPool.query(`VACUUM (ANALYZE) ${schema}._private_jobs`);
  },

  async drain({ rows }) {
    const handled = count.start(rows);
    const { created, running } = start(bulk, { publish: async () => count.take() });
    const runner = await running;
    await within(600, handled);

    // Ends when what is done is recorded as done.
    await runner.stop();
    const seconds = now() - (await created);
    const left = await pgPool.query(`SELECT count(*)::int AS left FROM ${schema}._private_jobs`);
    if (left.rows[0].left !== 0) throw new Error(`${left.rows[0].left} jobs are left`);
    return { seconds };
  },

  async latency({ rows, rate }) {
    await pgPool.query(`TRUNCATE ${schema}._private_jobs`);
    const runner = await start(single, { publish: async (job) => latencies.handled(job.id) }).running;
    const writer = new pg.Client({ connectionString: url });
    await writer.connect();
    const body = JSON.parse(payload);
    const milliseconds = await latencies.measure(rows, rate, async (id) => {
      await writer.query(`SELECT ${schema}.add_job('publish', $1::json)`, [JSON.stringify({ ...body, id })]);
    });
    await writer.end();
    await runner.stop();
    return { milliseconds };
  },
});
