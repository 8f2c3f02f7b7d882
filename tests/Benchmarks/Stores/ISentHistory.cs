namespace Relaybox.Benchmarks.Stores;

/// <summary>An outbox that keeps rows which were sent before, always as many of them.</summary>
internal interface ISentHistory
{
    /// <summary>The outbox.</summary>
    BenchOutbox Outbox { get; }

    /// <summary>Takes away what was sent since, and adds rows that are due.</summary>
    Task AddAsync(long rows, CancellationToken cancellationToken);

    /// <summary>How often the server has read the whole table since it was made; null where it does not say so.</summary>
    Task<long?> CountScansAsync(CancellationToken cancellationToken);
}
