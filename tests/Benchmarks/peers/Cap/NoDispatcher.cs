using DotNetCore.CAP.Internal;
using DotNetCore.CAP.Persistence;
using DotNetCore.CAP.Transport;

namespace Relaybox.Benchmarks.Peers;

/// <summary>Sends nothing: what is committed stays in the table.</summary>
internal sealed class NoDispatcher : IDispatcher
{
    public ValueTask EnqueueToPublish(MediumMessage message) => ValueTask.CompletedTask;

    public ValueTask EnqueueToExecute(MediumMessage message, ConsumerExecutorDescriptor? descriptor = null) => ValueTask.CompletedTask;

    public Task EnqueueToScheduler(MediumMessage message, DateTime publishTime, object? transaction = null) => Task.CompletedTask;

    public ValueTask StartAsync(CancellationToken stoppingToken) => ValueTask.CompletedTask;

    public void Dispose()
    {
    }
}
