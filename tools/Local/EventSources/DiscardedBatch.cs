using Relaybox.Local.Lambda;

namespace Relaybox.Local.EventSources;

/// <summary>Records that a stream source no longer tries to deliver.</summary>
/// <param name="Condition">RetryAttemptsExhausted or RecordAgeExceeded.</param>
/// <param name="LastResult">Null when the records were never sent.</param>
internal sealed record DiscardedBatch(
    IReadOnlyList<StreamRecord> Records, string Condition, int Invocations, InvocationResult? LastResult);
