namespace Relaybox.Outbox.Relay;

/// <summary>What a relay did.</summary>
internal sealed record RelayResult
{
    /// <summary>Rows that are now sent.</summary>
    public int Sent { get; init; }

    /// <summary>Rows that went back to pending.</summary>
    public int Retried { get; init; }

    /// <summary>Rows that were parked.</summary>
    public int Parked { get; init; }

    /// <summary>Rows whose claim was no longer ours when their outcome was to be recorded; they are unchanged.</summary>
    public int Late { get; init; }

    /// <summary>
    /// Rows that are sent although the broker had their ids before, and that show no failed attempt. A suspicion only: a row
    /// that another relay published and did not record, or that an outage put back, shows none either. The other explanation
    /// is two events under one id, of which the broker has the first alone.
    /// </summary>
    public int SuspectedIdClashes { get; init; }

    /// <summary>Whether the broker was out of reach.</summary>
    public bool BrokerUnavailable { get; init; }

    /// <summary>Ids of rows whose outcome could not be recorded; they will be published again.</summary>
    public IReadOnlyList<string> Unrecorded { get; init; } = [];

    /// <summary>What this and another did together.</summary>
    /// <param name="other">The other.</param>
    public RelayResult Add(RelayResult other) => new()
    {
        Sent = Sent + other.Sent,
        Retried = Retried + other.Retried,
        Parked = Parked + other.Parked,
        Late = Late + other.Late,
        SuspectedIdClashes = SuspectedIdClashes + other.SuspectedIdClashes,
        BrokerUnavailable = BrokerUnavailable || other.BrokerUnavailable,
        Unrecorded = other.Unrecorded.Count == 0 ? Unrecorded : [.. Unrecorded, .. other.Unrecorded],
    };
}
