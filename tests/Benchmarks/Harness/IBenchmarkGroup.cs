namespace Relaybox.Benchmarks.Harness;

/// <summary>Benchmarks that share servers and a table.</summary>
internal interface IBenchmarkGroup
{
    /// <summary>What it is called on the command line.</summary>
    string Id { get; }

    /// <summary>The store that it measures, where there is one for each; otherwise null.</summary>
    string? Store => null;

    /// <summary>What it measures, in a line.</summary>
    string Title { get; }

    /// <summary>Runs when nothing is named; otherwise only by its name.</summary>
    bool IsDefault => true;

    /// <summary>Runs beside other outboxes and queues with <c>--peers</c>.</summary>
    bool HasPeers => false;

    Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken);
}
