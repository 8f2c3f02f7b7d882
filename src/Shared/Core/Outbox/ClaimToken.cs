namespace Relaybox.Outbox;

/// <summary>
/// The fencing token of a claim. A write under a token changes a row only while the row carries that token.
/// <see cref="None"/> stands for the right that comes with a stream record: it holds as long as nobody has claimed the row.
/// </summary>
/// <param name="Value">The token's text; null for <see cref="None"/>.</param>
/// <param name="RowKey">The store's own compact key of the row; 0 where it has none.</param>
internal readonly record struct ClaimToken(string? Value, long RowKey = 0)
{
    /// <summary>No token: the write holds only on a pending row that nobody has claimed.</summary>
    public static ClaimToken None => default;

    /// <summary>Whether this is <see cref="None"/>.</summary>
    public bool IsNone => Value is null;

    /// <inheritdoc />
    public override string ToString() => Value ?? "(none)";
}
