using Relaybox.Paging;

namespace Relaybox.Inbox;

/// <summary>A cleanup that deletes the records of one status after those of another; the cursor says which has its turn.</summary>
internal static class InboxCleanup
{
    /// <summary>Deletes a page: processed records first, then failed ones.</summary>
    /// <param name="cursor">Where to go on; null to begin.</param>
    /// <param name="pageSize">The most records to look at.</param>
    /// <param name="delete">Deletes the oldest records of a status, and says how many it found.</param>
    internal static async Task<MaintenancePage> StepAsync(
        string? cursor, int pageSize, Func<InboxStatus, Task<(int Deleted, int Found)>> delete)
    {
        var isFailed = cursor == InboxStatusText.Failed;
        var (deleted, found) = await delete(isFailed ? InboxStatus.Failed : InboxStatus.Processed);
        var isDone = found < pageSize;
        return new MaintenancePage(
            deleted, isDone && isFailed ? null : isDone || isFailed ? InboxStatusText.Failed : InboxStatusText.Processed);
    }
}
