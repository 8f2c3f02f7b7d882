using Relaybox.Inbox;

namespace Relaybox.Operations;

/// <summary>What has become of something that was sent again.</summary>
/// <param name="IsOpen">Whether nothing is known yet.</param>
/// <param name="HasFailed">Whether it failed again.</param>
/// <param name="ErrorCode">With what it failed.</param>
internal readonly record struct RedriveFate(bool IsOpen, bool HasFailed, string? ErrorCode)
{
    internal static readonly RedriveFate Open = new(true, false, null);

    internal static readonly RedriveFate Succeeded = new(false, false, null);

    internal static RedriveFate FailedWith(string? errorCode) => new(false, true, errorCode);

    /// <summary>What the records of its consumers say of a message that was sent with all of its attempts.</summary>
    /// <param name="inbox">The inbox.</param>
    /// <param name="keys">The records.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<RedriveFate> OfAsync(IInboxRepository inbox, IEnumerable<InboxKey> keys, CancellationToken cancellationToken)
    {
        var isOpen = false;
        foreach (var key in keys)
        {
            switch (await inbox.FindAsync(key, cancellationToken))
            {
                // One without a delivery is from before it was sent.
                case { Status: InboxStatus.Failed, Deliveries: > 0 } record:
                    return FailedWith(record.ErrorCode);
                case { Status: InboxStatus.Processed }:
                    break;
                default:
                    isOpen = true;
                    break;
            }
        }

        return isOpen ? Open : Succeeded;
    }
}
