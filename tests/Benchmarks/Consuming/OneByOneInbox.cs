using Relaybox.Inbox;
using Relaybox.Testing;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>The same inbox, with a statement of its own for each claim and each mark.</summary>
internal sealed class OneByOneInbox(IInboxRepository inner) : PassingInbox(inner)
{
    public override async Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        var claims = new List<InboxClaim>(messages.Count);
        foreach (var message in messages)
        {
            claims.AddRange(await base.ClaimAsync(consumer, [message], lease, maxAttempts, cancellationToken));
        }

        return claims;
    }

    public override Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<bool>>(new bool[claims.Count]);
}
