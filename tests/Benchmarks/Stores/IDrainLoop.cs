namespace Relaybox.Benchmarks.Stores;

/// <summary>A loop that relays rows without the product.</summary>
internal interface IDrainLoop
{
    /// <summary>Empties its table, and fills it with rows that are due.</summary>
    Task FillAsync(long rows, CancellationToken cancellationToken);

    /// <summary>Relays everything.</summary>
    /// <exception cref="InvalidOperationException">Not so many rows were sent.</exception>
    Task DrainAsync(long rows, CancellationToken cancellationToken);
}
