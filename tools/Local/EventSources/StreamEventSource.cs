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

    private readonly Dictionary<string, Task> _running = [];
    private readonly HashSet<string> _finished = [];
    private readonly List<ShardConsumer> _consumers = [];

    public bool HasPendingDuplicates
    {
        get
        {
            lock (_consumers)
            {
                return _consumers.Any(consumer => consumer.HasPendingDuplicates);
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
                _finished.Add(shard.Id);
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
                await Task.WhenAny([.. _running.Values, Task.Delay(DiscoveryInterval, time, cancellationToken)]);
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var (shard, task) in _running.Where(entry => entry.Value.IsCompleted).ToArray())
                {
                    _running.Remove(shard);
                    await task;
                    _finished.Add(shard);
                }
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        foreach (var shard in shards.Where(shard => !_running.ContainsKey(shard.Id) && !_finished.Contains(shard.Id)))
        {
            if (shard.ParentId is null || !known.Contains(shard.ParentId) || _finished.Contains(shard.ParentId))
            {
                Start(shard, fromTrimHorizon: true, cancellationToken);
            }
        }
    }

    private void Start(StreamShard shard, bool fromTrimHorizon, CancellationToken cancellationToken)
    {
        var consumer = createConsumer(shard.Id);
        lock (_consumers)
        {
            _consumers.Add(consumer);
        }

        _running[shard.Id] = consumer.RunAsync(shard.Id, fromTrimHorizon, cancellationToken);
    }
}
