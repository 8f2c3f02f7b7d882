using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.KillProbe;
using Relaybox.Timing;

// Handles messages with the real consumer, and kills itself at one step of the first: KillProbe CONNECTION SCHEMA STEP EVENT…
// Prints each message's outcome. On MongoDB the schema is the database, and the sessions of the transactions are printed, too. MySQL's
// connection begins with mysql: and the variable PROBE_CLOCK is the server's time in SQL. Redis's connection is redis: and the port on
// loopback, and the schema is the prefix and the number of buckets, as in relaybox/4.
const string MySql = "mysql:";
const string Redis = "redis:";
var step = args[2];
await using IProbedStore store = args[0].StartsWith("mongodb://", StringComparison.Ordinal) ? new MongoProbedStore(args[0], args[1], step)
    : args[0].StartsWith(MySql, StringComparison.Ordinal) ? new MySqlProbedStore(args[0][MySql.Length..], args[1], step)
    : args[0].StartsWith(Redis, StringComparison.Ordinal)
        ? new RedisProbedStore(int.Parse(args[0][Redis.Length..], CultureInfo.InvariantCulture), args[1], step)
    : new PostgresProbedStore(args[0], args[1], step);
var consumer = new InboxConsumer(
    store.Inbox,
    new HandlerRegistry("probe").AddRaw("orders.placed", store.Handler),
    new ConsumerOptions { Concurrency = 4, MaxAttempts = 20 },
    TimeProvider.System,
    SystemEntropy.Instance,
    NullLogger<InboxConsumer>.Instance);
var outcomes = await consumer.ConsumeAsync(
    [.. args[3..].Select(id => new InboxMessage(new OutboxEvent { EventId = id, Subject = "orders.placed", Payload = "{}" }) { MessageId = id })],
    WorkDeadline.After(TimeSpan.FromSeconds(50), TimeProvider.System),
    CancellationToken.None);
if (step == Steps.Consumed)
{
    ProbeHandler.Kill();
}

foreach (var outcome in outcomes)
{
    Console.WriteLine(outcome.GetType().Name);
}
