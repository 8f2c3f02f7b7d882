using Relaybox.Inbox;

namespace Relaybox.Benchmarks.Stores;

/// <summary>An inbox of the product, and its writes by the driver alone.</summary>
internal interface IBenchInbox
{
    /// <summary>The product's inbox.</summary>
    IInboxRepository Repository { get; }

    /// <summary>Forgets all messages.</summary>
    Task EmptyAsync(CancellationToken cancellationToken);

    /// <summary>Claims each batch of new messages, and marks it as processed, by the driver alone, in as few commands as possible.</summary>
    /// <exception cref="InvalidOperationException">Not all of them were new, or could be marked.</exception>
    Task HandleBareAsync(IReadOnlyList<InboxMessage[]> batches, CancellationToken cancellationToken);
}
