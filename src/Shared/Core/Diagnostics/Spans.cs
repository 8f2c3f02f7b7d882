using System.Diagnostics;
using Relaybox.Timing;

namespace Relaybox.Diagnostics;

/// <summary>
/// The steps of relaying and consuming as spans of one <see cref="ActivitySource"/>, for traces: OpenTelemetry's
/// <c>AddSource("Relaybox")</c> sees them. They cost next to nothing while nobody listens, and hold counts and no content.
/// </summary>
internal static class Spans
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "Relaybox";

    /// <summary>Rows are claimed.</summary>
    public const string Claim = "outbox.claim";

    /// <summary>Claimed rows are published.</summary>
    public const string Publish = "outbox.publish";

    /// <summary>One call to the broker: ten messages for SQS, one for NATS.</summary>
    public const string Send = "outbox.send";

    /// <summary>What became of published rows is recorded.</summary>
    public const string Record = "outbox.record";

    /// <summary>Messages are claimed.</summary>
    public const string ClaimMessages = "inbox.claim";

    /// <summary>A handler runs.</summary>
    public const string Handle = "inbox.handle";

    /// <summary>The mark is committed with what the handler enlisted.</summary>
    public const string Commit = "inbox.commit";

    /// <summary>A failed attempt is recorded.</summary>
    public const string Fail = "inbox.fail";

    /// <summary>The broker is told what becomes of delivered messages.</summary>
    public const string Settle = "message.settle";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>All of them, in the order in which an event passes through them.</summary>
    public static IReadOnlyList<string> All { get; } = [Claim, Publish, Send, Record, ClaimMessages, Handle, Commit, Fail, Settle];

    /// <summary>Begins a step's span; disposing ends it. Null while nobody listens.</summary>
    /// <param name="step">The step's name.</param>
    /// <param name="count">How many rows or messages it is about.</param>
    public static Activity? Begin(string step, int count = 1)
    {
        var activity = Source.StartActivity(step);
        activity?.SetTag("relaybox.count", count);
        return activity;
    }
}
