using System.Collections.Concurrent;
using System.Diagnostics;
using Relaybox.Diagnostics;

namespace Relaybox.Shared.Tests.Secrets;

/// <summary>A secret that must not be seen, exceptions that are full of it, and the spans that ran meanwhile.</summary>
internal sealed class Canary : IDisposable
{
    internal const string Secret = "canary-c0ffee-4711";

    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<string> _spans = [];

    internal Canary()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.Contains("Relaybox", StringComparison.OrdinalIgnoreCase),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _spans.Enqueue(
                $"{activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Baggage)} "
                + string.Join(' ', activity.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags)}"))),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>What was traced.</summary>
    internal IReadOnlyCollection<string> Spans => _spans;

    /// <summary>An exception that holds the secret wherever one can.</summary>
    internal static Exception Exception()
    {
        var exception = new InvalidOperationException($"could not insert {Secret}", new ArgumentException($"inner {Secret}", Secret));
        exception.Data["row"] = Secret;
        exception.HelpLink = Secret;
        return exception;
    }

    /// <summary>Fails if the secret is in one of the texts, or was traced.</summary>
    internal void IsNotIn(params IEnumerable<string?> texts)
    {
        Assert.NotEmpty(_spans);
        Assert.All(texts.Concat(_spans), text => Assert.DoesNotContain(Secret, text ?? "", StringComparison.OrdinalIgnoreCase));
    }

    public void Dispose() => _listener.Dispose();
}
