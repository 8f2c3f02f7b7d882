using Relaybox.Maintenance;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Simulation.Model;
using Relaybox.Timing;

namespace Relaybox.Simulation.Tests.Model;

public sealed class ModelJobsTests : JobStoreConformance
{
    private readonly DirectServer _server = new();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override Task<IJobStore> CreateStoreAsync() => Task.FromResult<IJobStore>(new ModelJobs([], _server, SystemEntropy.Instance));

    protected override Task PassAsync(TimeSpan time)
    {
        _server.Pass(time);
        return Task.CompletedTask;
    }
}
