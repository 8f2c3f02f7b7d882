using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.KillProbe;
using Relaybox.Postgres;
using Relaybox.Testing;
using Relaybox.Timing;

// Handles messages with the real consumer, and kills itself at one step of the first: KillProbe CONNECTION SCHEMA STEP EVENT…
// Prints each message's outcome.
var options = new PostgresOptions { Schema = args[1] };
var step = args[2];
var text = new NpgsqlConnectionStringBuilder(args[0]);
await using var proxy = new PostgresProxy(text.Port);
text.Port = proxy.Port;
if (Steps.Wire.TryGetValue(step, out var point))
{
    proxy.Once(point.Text, point.Moment, _ =>
    {
        ProbeHandler.Kill();
        return Task.CompletedTask;
    });
}

await using var source = NpgsqlDataSource.Create(text.ConnectionString);
var connections = new PostgresConnections(source);
var writer = new PostgresOutboxWriter(source, options);
var consumer = new InboxConsumer(
    new PostgresInboxRepository(connections, options, TimeProvider.System, SystemEntropy.Instance),
    new HandlerRegistry("probe").AddRaw("orders.placed", new ProbeHandler(step, $"\"{options.Schema}\".kill_effects", writer)),
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
