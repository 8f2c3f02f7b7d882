namespace Relaybox.Nats;

/// <summary>How events are sent to JetStream.</summary>
internal sealed record NatsPublisherOptions
{
    /// <summary>What comes before an event's subject, with a dot between them; empty: nothing.</summary>
    public string SubjectPrefix { get; init; } = "";

    /// <summary>How many messages wait for their acknowledgements at once. Default: 256; more gains little.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>The subject that an event is published under.</summary>
    /// <param name="subject">The event's subject.</param>
    public string SubjectOf(string subject) => SubjectPrefix.Length == 0 ? subject : $"{SubjectPrefix}.{subject}";
}
