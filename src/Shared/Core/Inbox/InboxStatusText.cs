namespace Relaybox.Inbox;

/// <summary>The words for <see cref="InboxStatus"/> in the stores.</summary>
internal static class InboxStatusText
{
    /// <summary>The text of <see cref="InboxStatus.Processing"/>.</summary>
    public const string Processing = "processing";

    /// <summary>The text of <see cref="InboxStatus.Processed"/>.</summary>
    public const string Processed = "processed";

    /// <summary>The text of <see cref="InboxStatus.Failed"/>.</summary>
    public const string Failed = "failed";

    /// <summary>Reads a status; anything else is <see cref="InboxStatus.Unknown"/>.</summary>
    /// <param name="text">The text from a store.</param>
    public static InboxStatus Parse(string? text) => text switch
    {
        Processing => InboxStatus.Processing,
        Processed => InboxStatus.Processed,
        Failed => InboxStatus.Failed,
        _ => InboxStatus.Unknown,
    };
}
