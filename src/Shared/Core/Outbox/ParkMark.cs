using Relaybox.Events;

namespace Relaybox.Outbox;

/// <summary>Parks a claimed row: it is kept for an operator and not retried.</summary>
/// <param name="EventId">The row's id.</param>
/// <param name="Token">The claim's token.</param>
/// <param name="Attempts">The number of failed attempts that the row has from now on.</param>
/// <param name="ErrorCode">Why: one of <see cref="ErrorCodes"/>.</param>
/// <param name="ErrorMessage">Why, in words, without payload.</param>
internal readonly record struct ParkMark(
    string EventId, ClaimToken Token, int Attempts, string ErrorCode, string ErrorMessage);
