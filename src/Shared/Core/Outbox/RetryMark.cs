namespace Relaybox.Outbox;

/// <summary>Puts a claimed row back to pending.</summary>
/// <param name="EventId">The row's id.</param>
/// <param name="Token">The claim's token.</param>
/// <param name="Attempts">The number of failed attempts that the row has from now on.</param>
/// <param name="Delay">How long, by the store's clock, until the row is due again.</param>
/// <param name="ErrorCode">Why; null where nothing failed.</param>
/// <param name="ErrorMessage">Why, in words, without payload.</param>
internal readonly record struct RetryMark(
    string EventId, ClaimToken Token, int Attempts, TimeSpan Delay, string? ErrorCode, string? ErrorMessage);
