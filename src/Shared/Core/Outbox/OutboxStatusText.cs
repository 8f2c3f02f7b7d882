namespace Relaybox.Outbox;

/// <summary>The words for <see cref="OutboxStatus"/> in the stores; part of the row contract.</summary>
internal static class OutboxStatusText
{
    /// <summary>The text of <see cref="OutboxStatus.Pending"/>.</summary>
    public const string Pending = "pending";

    /// <summary>The text of <see cref="OutboxStatus.Publishing"/>.</summary>
    public const string Publishing = "publishing";

    /// <summary>The text of <see cref="OutboxStatus.Sent"/>.</summary>
    public const string Sent = "sent";

    /// <summary>The text of <see cref="OutboxStatus.Failed"/>.</summary>
    public const string Failed = "failed";

    /// <summary>Reads a status; anything else is <see cref="OutboxStatus.Unknown"/>.</summary>
    /// <param name="text">The text from a store.</param>
    public static OutboxStatus Parse(string? text) => text switch
    {
        Pending => OutboxStatus.Pending,
        Publishing => OutboxStatus.Publishing,
        Sent => OutboxStatus.Sent,
        Failed => OutboxStatus.Failed,
        _ => OutboxStatus.Unknown,
    };
}
