using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>What an action would be about, before it is confirmed.</summary>
/// <param name="Count">How many rows the selection means, of those that were looked at.</param>
/// <param name="Seen">How many rows were looked at.</param>
/// <param name="IsWhole">Whether all rows of their status were looked at.</param>
/// <param name="Oldest">When the first of them was parked, or sent.</param>
/// <param name="Newest">When the last of them was parked, or sent.</param>
/// <param name="Samples">The first of them, without payload.</param>
/// <param name="Errors">How many of them have which error code.</param>
/// <param name="At">The store's time: what an action is confirmed for is what was there by then.</param>
internal sealed record RowPreview(
    long Count,
    long Seen,
    bool IsWhole,
    DateTimeOffset? Oldest,
    DateTimeOffset? Newest,
    IReadOnlyList<OutboxRow> Samples,
    IReadOnlyDictionary<string, long> Errors,
    DateTimeOffset At);
