namespace Relaybox.Functions.Tests.Hostile;

/// <summary>A row as a stream record brings it, and what must become of it.</summary>
/// <param name="Fields">What differs from a good row; null takes a field away.</param>
/// <param name="Outcome">An error code: parked with it. <see cref="Sent"/>, <see cref="Deferred"/>, <see cref="LeftAlone"/>: that.</param>
internal sealed record HostileRow((string Name, object? Value)[] Fields, string Outcome)
{
    /// <summary>Sent, and handled as it was written.</summary>
    internal const string Sent = "sent";

    /// <summary>To be sent later.</summary>
    internal const string Deferred = "deferred";

    /// <summary>Not this relay's to touch.</summary>
    internal const string LeftAlone = "left alone";
}
