using System.Globalization;
using Relaybox.Events;
using Relaybox.Messaging;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Writes events of one bucket, and an app's commands with them, by one script.</summary>
internal static class OutboxInsert
{
    internal const string Written = "written";
    internal const string Same = "same";
    internal const string Other = "other";

    internal static readonly RedisScript Script = RedisScript.Load("outbox_insert");
    private static readonly RedisCommands NoCommands = new();

    /// <summary>The bucket of an event that is written alone.</summary>
    internal static Bucket BucketOf(RedisOptions options, OutboxEvent outboxEvent) =>
        Bucket.Of(options, outboxEvent.OrderingKey ?? outboxEvent.EventId);

    /// <summary>Writes events.</summary>
    /// <param name="database">The database.</param>
    /// <param name="options">The prefix, and how many buckets there are.</param>
    /// <param name="bucket">Where all of it is written.</param>
    /// <param name="events">The events; they keep the row contract.</param>
    /// <param name="commands">What is written with them; null: nothing.</param>
    /// <returns>What the script says.</returns>
    internal static async Task<RedisResult[]> RunAsync(
        IDatabase database, RedisOptions options, Bucket bucket, IReadOnlyList<OutboxEvent> events, RedisCommands? commands = null) =>
        (RedisResult[])(await Script.RunAsync(database, Arguments(options, bucket, events, commands)))!;

    /// <summary>What the script needs.</summary>
    internal static ScriptArguments Arguments(RedisOptions options, Bucket bucket, IReadOnlyList<OutboxEvent> events, RedisCommands? commands)
    {
        var arguments = new ScriptArguments(bucket.Keys(), RedisSchema.Version, options.Buckets);
        Add(arguments, options, bucket, events);
        arguments.Add(commands ?? NoCommands);
        arguments.Add(commands?.Writes.Count > 0 ? 1 : 0);
        return arguments;
    }

    /// <summary>Adds events as <c>events.lua</c> reads them.</summary>
    internal static void Add(ScriptArguments arguments, RedisOptions options, Bucket bucket, IReadOnlyList<OutboxEvent> events)
    {
        arguments.Add(events.Count);
        for (var i = 0; i < events.Count; i++)
        {
            var outboxEvent = events[i];
            arguments.Add(arguments.PlaceOf(bucket.Row(outboxEvent.EventId)));
            arguments.Add(outboxEvent.EventId);
            arguments.Add(outboxEvent.Subject);
            arguments.Add(outboxEvent.Payload);
            arguments.Add(outboxEvent.Headers.Count == 0 ? RedisValue.Null : StringMap.Write(outboxEvent.Headers));
            arguments.Add(outboxEvent.OrderingKey);
            arguments.Add(Milliseconds(outboxEvent.EnqueuedAt));
            arguments.Add(Milliseconds(outboxEvent.AvailableAt));
            arguments.Add(outboxEvent.Result);

            // One hint is enough.
            arguments.Add(i == 0 ? (string?)OutboxNames.Channel(options) : null);
        }
    }

    // Before 1970 is due at once, as 1970 is.
    private static string? Milliseconds(DateTimeOffset? time) =>
        time is { } at ? Math.Max(0, at.ToUnixTimeMilliseconds()).ToString(CultureInfo.InvariantCulture) : null;
}
