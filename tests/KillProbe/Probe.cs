using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Timing;

namespace Relaybox.KillProbe;

/// <summary>Handles messages with the real consumer, and kills its process at one step of the first.</summary>
internal static class Probe
{
    private const string Mongo = "mongodb://";
    private const string MySql = "mysql:";
    private const string Redis = "redis:";

    /// <summary>Handles messages.</summary>
    /// <param name="connection">
    /// How the store is reached. MySQL's begins with <c>mysql:</c>; Redis's is <c>redis:</c> and the port on loopback.
    /// </param>
    /// <param name="schema">
    /// The schema. On MongoDB it is the database; on MySQL <c>|</c> and the server's time in SQL follow; on Redis it is the prefix and the
    /// number of buckets, as in <c>relaybox/4</c>.
    /// </param>
    /// <param name="step">Where the process is killed; <see cref="Steps.None"/>: nowhere.</param>
    /// <param name="ids">The messages.</param>
    /// <returns>The name of each message's outcome.</returns>
    internal static async Task<IReadOnlyList<string>> ConsumeAsync(string connection, string schema, string step, IEnumerable<string> ids)
    {
        await using IProbedStore store =
            connection.StartsWith(Mongo, StringComparison.Ordinal) ? new MongoProbedStore(connection, schema, step)
            : connection.StartsWith(MySql, StringComparison.Ordinal) ? new MySqlProbedStore(connection[MySql.Length..], schema, step)
            : connection.StartsWith(Redis, StringComparison.Ordinal)
                ? new RedisProbedStore(int.Parse(connection[Redis.Length..], CultureInfo.InvariantCulture), schema, step)
            : new PostgresProbedStore(connection, schema, step);
        var consumer = new InboxConsumer(
            store.Inbox,
            new HandlerRegistry("probe").AddRaw("orders.placed", store.Handler),
            new ConsumerOptions { Concurrency = 4, MaxAttempts = 20 },
            TimeProvider.System,
            SystemEntropy.Instance,
            NullLogger<InboxConsumer>.Instance);
        var outcomes = await consumer.ConsumeAsync(
            [.. ids.Select(id => new InboxMessage(new OutboxEvent { EventId = id, Subject = "orders.placed", Payload = "{}" }) { MessageId = id })],
            WorkDeadline.After(TimeSpan.FromSeconds(50), TimeProvider.System),
            CancellationToken.None);
        if (step == Steps.Consumed)
        {
            ProbeHandler.Kill();
        }

        return [.. outcomes.Select(outcome => outcome.GetType().Name)];
    }
}
