using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Relaybox.Benchmarks.Harness;
using Relaybox.Local.Lambda;
using Relaybox.Sqs;

namespace Relaybox.Benchmarks.Paths;

/// <summary>
/// Where an event is when: committed, in the relay's hands, sent to the queue (the relay's own word, in whole milliseconds), in
/// the consumer's hands, and handled, which is when the consumer has answered. All processes are on one machine and one clock.
/// </summary>
/// <param name="handled">To be told of each event that was handled, and when, by <see cref="Stopwatch"/>.</param>
internal sealed class EventStages(Action<string, long> handled)
{
    private readonly ConcurrentDictionary<string, Times> _events = new();

    public void Committed(string id) => TimesOf(id).Committed = Now;

    /// <summary>To be told of each event that a function's worker gets.</summary>
    public void Invoked(string function, Invocation invocation)
    {
        if (function is not ("StreamRelay" or "Consume"))
        {
            return;
        }

        _ = RecordAsync(function, invocation, Now);
    }

    /// <summary>Leaves out what has been so far.</summary>
    public void Forget() => _events.Clear();

    /// <summary>The median and the 99th percentile of each stage, over all events that went all the way.</summary>
    public void Report(BenchmarkRun run, string path)
    {
        Times[] all = [.. _events.Values.Where(times => times is { Committed: > 0, Handled: > 0 })];
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

    // The event is read when it has been handled, so that reading it is no part of its way.
    private async Task RecordAsync(string function, Invocation invocation, double invoked)
    {
        await invocation.Result;
        var (answered, answeredAt) = (Now, Stopwatch.GetTimestamp());
        using var payload = JsonDocument.Parse(invocation.Payload);
        foreach (var record in payload.RootElement.GetProperty("Records").EnumerateArray())
        {
            if (function == "StreamRelay")
            {
                TimesOf(
                    record.GetProperty("dynamodb").GetProperty("NewImage").GetProperty("eventId").GetProperty("S").GetString()!).Relayed = invoked;
            }
            else
            {
                Consumed(record.GetProperty("messageAttributes"), invoked, answered, answeredAt);
            }
        }
    }

    private void Consumed(JsonElement attributes, double invoked, double answered, long answeredAt)
    {
        var id = Text(SqsAttributes.EventId);
        var times = TimesOf(id);
        using var properties = JsonDocument.Parse(Text(SqsAttributes.Properties));
        var published = DateTimeOffset.Parse(properties.RootElement.GetProperty("publishedAt").GetString()!, CultureInfo.InvariantCulture);

        // The middle of the millisecond that it names.
        times.Published = published.ToUnixTimeMilliseconds() + 0.5;
        times.Consumed = invoked;
        times.Handled = answered;
        handled(id, answeredAt);

        string Text(string name) => attributes.GetProperty(name).GetProperty("stringValue").GetString()!;
    }

    private Times TimesOf(string id) => _events.GetOrAdd(id, _ => new Times());

    private sealed class Times
    {
        public double Committed { get; set; }

        public double Relayed { get; set; }

        public double Published { get; set; }

        public double Consumed { get; set; }

        public double Handled { get; set; }
    }
}
