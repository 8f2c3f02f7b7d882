using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>Tests that claim one message of the consumer <c>billing</c> at a time.</summary>
public abstract class InboxClaims
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected static async Task<InboxClaim.Claimed> ClaimAsync(IInboxRepository repository, string eventId = "e-1") =>
        Assert.IsType<InboxClaim.Claimed>(await TryClaimAsync(repository, eventId));

    private protected static async Task<InboxClaim> TryClaimAsync(IInboxRepository repository, string eventId = "e-1") => Assert.Single(
        await repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct));
}
