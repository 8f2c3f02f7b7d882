namespace Relaybox.Outbox;

/// <summary>Names a row and the token under which its next state is written.</summary>
/// <param name="EventId">The row's id.</param>
/// <param name="Token">The claim's token.</param>
internal readonly record struct OutboxMark(string EventId, ClaimToken Token);
