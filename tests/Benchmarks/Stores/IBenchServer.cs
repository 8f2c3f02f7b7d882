using Relaybox.Outbox;

namespace Relaybox.Benchmarks.Stores;

/// <summary>A running server, and what is measured on it.</summary>
internal interface IBenchServer : IAsyncDisposable
{
    /// <summary>What its results call it. A stand-in says that it is one: <c>MongoDB (development double)</c>.</summary>
    string Label { get; }

    /// <summary>An outbox of its own.</summary>
    /// <param name="name">Its name on the server.</param>
    /// <param name="afterSending">What becomes of sent rows.</param>
    /// <param name="isCounted">Whether <see cref="CostOfAsync"/> sees its work. Counting takes time where the client does it.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<BenchOutbox> CreateOutboxAsync(string name, AfterSending afterSending, bool isCounted, CancellationToken cancellationToken);

    /// <summary>An outbox that keeps as many rows which were sent before.</summary>
    Task<ISentHistory> CreateHistoryAsync(string name, int rows, CancellationToken cancellationToken);

    /// <summary>An inbox of its own.</summary>
    /// <param name="name">Its name on the server.</param>
    /// <param name="isCounted">As for an outbox.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<IBenchInbox> CreateInboxAsync(string name, bool isCounted, CancellationToken cancellationToken);

    /// <summary>The loop that outboxes are often written as: 100 rows at a time, and two writes for each.</summary>
    Task<IDrainLoop> CreateNaiveLoopAsync(CancellationToken cancellationToken);

    /// <summary>The relay's writes by the driver alone, in as few commands as possible, on an outbox of the product.</summary>
    Task<IDrainLoop> CreateBareLoopAsync(CancellationToken cancellationToken);

    /// <summary>The same for single rows, woken by the store, or asking as often as the product does.</summary>
    Task<IWakeLoop> CreateBareWakeLoopAsync(CancellationToken cancellationToken);

    /// <summary>Counts what some work on outboxes and inboxes that are counted costs.</summary>
    Task<IReadOnlyList<Cost>> CostOfAsync(Func<Task> work, CancellationToken cancellationToken);
}
