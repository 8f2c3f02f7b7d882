using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An operator who acts on one row as it is now.</summary>
internal static class Acting
{
    /// <summary>Does something with a row.</summary>
    /// <returns>Whether it was done.</returns>
    public static async Task<bool> ActAsync(this OutboxHarness store, RowAction action, string eventId)
    {
        var row = await store.Repository.FindAsync(eventId, CancellationToken.None);
        var version = row is null ? new RowVersion(eventId, null, null) : RowVersion.Of(row);
        return (await store.Operations.ApplyAsync(action, [version], CancellationToken.None)).Applied.Count == 1;
    }
}
