namespace Relaybox.MySql;

/// <summary>One of the first rows of a key that hold the key's later rows back.</summary>
/// <param name="Row">The row.</param>
/// <param name="IsClaimable">Whether it is due, or its claim's lease has ended.</param>
internal sealed record KeyedRow(Candidate Row, bool IsClaimable);
