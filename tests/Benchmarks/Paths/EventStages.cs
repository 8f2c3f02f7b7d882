using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Relaybox.Benchmarks.Harness;
using Relaybox.Local.Runtime;
using Relaybox.Messaging.Sqs;

namespace Relaybox.Benchmarks.Paths;

/// <summary>
/// Where an event is when: committed, in the relay's hands, sent to the queue (the relay's own word, in whole milliseconds), in
/// the consumer's hands, and handled, which is when the consumer has answered. All processes are on one machine and one clock.
/// </summary>
/// <param name="handled">To be told of each event that was handled.</param>
internal sealed class EventStages(Action<string> handled)
{
    private readonly ConcurrentDictionary<string, Times> events = new();

    public void Committed(string id) => events.GetOrAdd(id, _ => new Times()).Committed = Now;

    /// <summary>To be told of each event that a function's worker gets.</summary>
    public void Invoked(string function, Invocation invocation)
    {
        if (function is not ("StreamRelay" or "Consume"))
        {
            return;
        }

        var now = Now;
        using var payload = JsonDocument.Parse(invocation.Payload);
        foreach (var record in payload.RootElement.GetProperty("Records").EnumerateArray())
        {
            if (function == "StreamRelay")
            {
                var id = record.GetProperty("dynamodb").GetProperty("NewImage").GetProperty("eventId").GetProperty("S").GetString()!;
                events.GetOrAdd(id, _ => new Times()).Relayed = now;
            }
            else
            {
                _ = ConsumeAsync(record.GetProperty("messageAttributes").Clone(), now, invocation);
            }
        }
    }

    /// <summary>The median and the 99th percentile of each stage, over all events that went all the way.</summary>
    public void Report(BenchmarkRun run, string path)
    {
        Times[] all = [.. events.Values.Where(times => times is { Committed: > 0, Handled: > 0 })];
        if (all.All(times => times.Relayed > 0))
        {
            Count("commit to the relay's invocation", times => times.Relayed - times.Committed);
            Count("the relay's invocation to its sending", times => times.Published - times.Relayed);
        }
        else
        {
            Count("commit to the relay's sending, by LISTEN/NOTIFY", times => times.Published - times.Committed);
        }

        Count("sending to the consumer's invocation", times => times.Consumed - times.Published);
        Count("the consumer's invocation to the effect", times => times.Handled - times.Consumed);

        void Count(string stage, Func<Times, double> time)
        {
            double[] milliseconds = [.. all.Select(time)];
            run.Count($"{path}: {stage}, p50", Statistics.Percentile(milliseconds, 50), "ms", rows: "18");
            run.Count($"{path}: {stage}, p99", Statistics.Percentile(milliseconds, 99), "ms", rows: "18");
        }
    }

    private static double Now => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    private async Task ConsumeAsync(JsonElement attributes, double now, Invocation invocation)
    {
        var id = Text(SqsAttributes.EventId);
        var times = events.GetOrAdd(id, _ => new Times());
        times.Consumed = now;
        using var properties = JsonDocument.Parse(Text(SqsAttributes.Properties));
        var published = DateTimeOffset.Parse(properties.RootElement.GetProperty("publishedAt").GetString()!, CultureInfo.InvariantCulture);
        times.Published = published.ToUnixTimeMilliseconds();
        await invocation.Result;
        times.Handled = Now;
        handled(id);

        string Text(string name) => attributes.GetProperty(name).GetProperty("stringValue").GetString()!;
    }

    private sealed class Times
    {
        public double Committed { get; set; }

        public double Relayed { get; set; }

        public double Published { get; set; }

        public double Consumed { get; set; }

        public double Handled { get; set; }
    }
}
