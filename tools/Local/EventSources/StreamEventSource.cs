using Relaybox.Local.Output;
using Relaybox.Local.Stack;

namespace Relaybox.Local.EventSources;

/// <summary>
/// Follows the shards of a stream, each with a consumer of its own, a child only after its parent is done, so that the
/// order of an item's changes holds.
/// </summary>
internal sealed class StreamEventSource(
    StreamEventDefinition source,
    DynamoDbStreamReader reader,
    Func<string, ShardConsumer> createConsumer,
    ILiveOutput output,
    TimeProvider time)
{
    private static readonly TimeSpan DiscoveryInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Task> running = [];
    private readonly HashSet<string> finished = [];
    private readonly List<ShardConsumer> consumers = [];

    public bool HasPendingDuplicates
    {
        get
        {
            lock (consumers)
            {
                return consumers.Any(consumer => consumer.HasPendingDuplicates);
            }
        }
    }

    /// <summary>Finds where to start, before anything is written that must not be missed; then call <see cref="RunAsync"/>.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (source.FromTrimHorizon)
        {
            return;
        }

        foreach (var shard in await reader.ListShardsAsync(cancellationToken))
        {
            if (shard.IsClosed)
            {
                finished.Add(shard.Id);
            }
            else
            {
                Start(shard, fromTrimHorizon: false, cancellationToken);
            }
        }
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var shards = await reader.ListShardsAsync(cancellationToken);
                StartWhatMay(shards, cancellationToken);
                await Task.WhenAny([.. running.Values, Task.Delay(DiscoveryInterval, time, cancellationToken)]);
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var (shard, task) in running.Where(entry => entry.Value.IsCompleted).ToArray())
                {
                    running.Remove(shard);
                    await task;
                    finished.Add(shard);
                }
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception exception)
        {
            output.Error($"{source.Name}: the stream of {source.TableName} is no longer read: {exception.Message}");
            throw;
        }
    }

    private void StartWhatMay(IReadOnlyList<StreamShard> shards, CancellationToken cancellationToken)
    {
        var known = shards.Select(shard => shard.Id).ToHashSet();
        foreach (var shard in shards.Where(shard => !running.ContainsKey(shard.Id) && !finished.Contains(shard.Id)))
        {
            if (shard.ParentId is null || !known.Contains(shard.ParentId) || finished.Contains(shard.ParentId))
            {
                Start(shard, fromTrimHorizon: true, cancellationToken);
            }
        }
    }

    private void Start(StreamShard shard, bool fromTrimHorizon, CancellationToken cancellationToken)
    {
        var consumer = createConsumer(shard.Id);
        lock (consumers)
        {
            consumers.Add(consumer);
        }

        running[shard.Id] = consumer.RunAsync(shard.Id, fromTrimHorizon, cancellationToken);
    }
}
