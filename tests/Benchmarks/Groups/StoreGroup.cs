using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Benchmarks of a store, on a server of their own.</summary>
/// <param name="store">The store.</param>
internal abstract class StoreGroup(IBenchStore store) : IBenchmarkGroup
{
    public abstract string Id { get; }

    public abstract string Title { get; }

    public virtual bool IsDefault => true;

    public string? Store => store.Name;

    /// <summary>What the store should reach.</summary>
    protected StoreTargets Targets => store.Targets;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var server = await store.StartAsync(cancellationToken);
        run.Server = server.Label;
        await MeasureAsync(run, server, cancellationToken);
    }

    protected abstract Task MeasureAsync(BenchmarkRun run, IBenchServer server, CancellationToken cancellationToken);

    /// <summary>The rows of the table of targets, if it speaks of this store.</summary>
    protected string Rows(string rows) => Targets.HasRows ? rows : "";
}
