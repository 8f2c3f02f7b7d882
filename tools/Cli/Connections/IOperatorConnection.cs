using Relaybox.Operations;

namespace Relaybox.Cli.Connections;

/// <summary>The way to the desk that answers operators.</summary>
internal interface IOperatorConnection : IAsyncDisposable
{
    /// <summary>Whether an operation goes on when this program has ended.</summary>
    bool GoesOnAlone { get; }

    /// <summary>What feeds the functions; null: there are no functions on this way.</summary>
    EventSources? Sources { get; }

    /// <summary>The functions' schedules; null: there are no functions on this way.</summary>
    Schedules? Schedules { get; }

    /// <summary>Asks, and waits for the answer.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CliException">The desk cannot be reached, or the request cannot be carried out as it is.</exception>
    Task<OperateAnswer> AskAsync(OperateRequest request, CancellationToken cancellationToken);
}
