namespace Relaybox.Operations;

/// <summary>What an operation works through in one run: parked rows, or dead letters.</summary>
internal interface IOperationWork : IAsyncDisposable
{
    /// <summary>Whether each run begins at the oldest again, so that what is counted of what was left alone begins anew, too.</summary>
    bool StartsOver { get; }

    /// <summary>Items of a step of an earlier run of which it is not known yet whether they were done.</summary>
    IReadOnlyCollection<string> Unresolved { get; }

    /// <summary>Learns of the step whose end an earlier run did not write down.</summary>
    /// <param name="step">The ids of its items.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many of them were done. The others are unresolved, or still to be done.</returns>
    Task<int> RecountAsync(IReadOnlyList<string> step, CancellationToken cancellationToken);

    /// <summary>Reads the next page.</summary>
    /// <param name="cursor">Where it begins; null: at the oldest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<OperationPage> ReadAsync(string? cursor, CancellationToken cancellationToken);

    /// <summary>Does what is to be done with some items of the page that was read last.</summary>
    /// <param name="ids">Their ids.</param>
    /// <param name="cancellationToken">Ends the wait; some of it may be done.</param>
    Task<OperationStep> ApplyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Looks at what came of a step.</summary>
    /// <param name="applied">What it has changed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Why the operation should stop; null: it goes on.</returns>
    Task<string?> WhyToStopAsync(IReadOnlyCollection<string> applied, CancellationToken cancellationToken);
}
