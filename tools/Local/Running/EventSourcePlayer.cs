using Relaybox.Local.Aws;
using Relaybox.Local.EventSources;
using Relaybox.Local.Lambda;
using Relaybox.Local.Output;
using Relaybox.Local.Permissions;
using Relaybox.Local.Schedules;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>Plays every event source of a stack.</summary>
internal sealed class EventSourcePlayer(
    StackDefinition stack, LocalServers servers, GuardedServices services, double duplicatePercent, ILiveOutput output, TimeProvider time)
    : IAsyncDisposable
{
    private readonly AwsJsonClient _sqs = AwsJsonClient.Sqs(servers.Sqs);
    private readonly List<Task> _running = [];
    private readonly List<StreamEventSource> _streams = [];
    private readonly List<QueueClient> _queues = [];
    private readonly List<EventSourceMapping> _mappings = [];
    private IPulledSource? _pulled;

    public DuplicatePlan StreamDuplicates { get; } = new(duplicatePercent);

    public DuplicatePlan QueueDuplicates { get; } = new(duplicatePercent);

    /// <summary>What leads from queues and streams to functions.</summary>
    public IReadOnlyList<EventSourceMapping> Mappings => _mappings;

    /// <summary>True while a stream record waits to be delivered a second time on purpose.</summary>
    public bool HasPendingDuplicates => _streams.Any(stream => stream.HasPendingDuplicates);

    /// <summary>Completes when a source has failed beyond repair, or all have been stopped.</summary>
    public Task Completion => Task.WhenAll(_running);

    /// <summary>Messages in the queues that feed a function: those that wait, and those that are being worked on.</summary>
    public async Task<int> CountWaitingAsync(CancellationToken cancellationToken)
    {
        var waiting = 0;
        foreach (var queue in _queues)
        {
            waiting += await queue.CountAsync(cancellationToken);
        }

        return _pulled is null ? waiting : waiting + await _pulled.CountAsync(cancellationToken);
    }

    /// <summary>Starts the sources of a function; they end with the token.</summary>
    public async Task StartAsync(FunctionHost host, bool withSchedules, CancellationToken cancellationToken)
    {
        foreach (var source in host.Function.Events)
        {
            switch (source)
            {
                case StreamEventDefinition stream:
                    await StartStreamAsync(stream, host, cancellationToken);
                    break;
                case QueueEventDefinition queue:
                    StartQueue(queue, host, cancellationToken);
                    break;
                case ScheduleEventDefinition { IsOn: true } schedule when withSchedules:
                    var runner = new ScheduleRunner(schedule, host.Function, host, output, time);
                    _running.Add(runner.RunAsync(cancellationToken));
                    break;
            }
        }
    }

    /// <summary>Starts to watch what a function pulls by itself, if the broker is one to pull from.</summary>
    public async Task StartPulledAsync(CancellationToken cancellationToken)
    {
        _pulled = servers.Broker.FindPulledSource(stack, QueueDuplicates);
        if (_pulled is not null)
        {
            await _pulled.OpenAsync(cancellationToken);
            _running.Add(_pulled.RunAsync(cancellationToken));
        }
    }

    private async Task StartStreamAsync(StreamEventDefinition source, FunctionHost host, CancellationToken cancellationToken)
    {
        var reader = await DynamoDbStreamReader.OpenAsync(
            servers.AwsEndpoints[AwsService.DynamoDb],
            source.TableName,
            cancellationToken,
            AwsJsonClient.DynamoDbStreams(services.Endpoints[AwsService.DynamoDb], services.AccessKeyOf(host.Function)));
        var filter = EventFilter.Parse(source.FilterPatterns);
        var destination = source.OnFailureQueueArn is { } arn
            ? new StreamFailureDestination(As(host), UrlOf(arn), host.FunctionArn, reader.EventSourceArn, time)
            : null;
        var mapping = Add(host, reader.EventSourceArn);
        var stream = new StreamEventSource(source, reader, CreateConsumer, output, time);
        await stream.OpenAsync(cancellationToken);
        _streams.Add(stream);
        _running.Add(stream.RunAsync(cancellationToken));

        ShardConsumer CreateConsumer(string shardId)
        {
            var delivery = new StreamBatchDelivery(
                source, host, (batch, token) => destination?.SendAsync(shardId, batch, token) ?? Task.CompletedTask, output, time);
            return new ShardConsumer(source, reader, filter, delivery, StreamDuplicates, mapping.Switch, time);
        }
    }

    private void StartQueue(QueueEventDefinition source, FunctionHost host, CancellationToken cancellationToken)
    {
        var client = new QueueClient(As(host), UrlOf(source.QueueArn), _sqs);
        _queues.Add(client);
        var queue = new QueueEventSource(
            source, client, host, EventFilter.Parse(source.FilterPatterns), QueueDuplicates, Add(host, source.QueueArn).Switch, output, time);
        _running.Add(queue.RunAsync(Math.Min(source.MaximumConcurrency ?? host.MaximumWorkers, host.MaximumWorkers), cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        if (_pulled is not null)
        {
            await _pulled.DisposeAsync();
        }
    }

    private EventSourceMapping Add(FunctionHost host, string sourceArn)
    {
        var mapping = new EventSourceMapping(Guid.NewGuid(), host.FunctionArn, sourceArn);
        _mappings.Add(mapping);
        return mapping;
    }

    // An event source works with the role of its function.
    private AwsJsonClient As(FunctionHost host) => AwsJsonClient.Sqs(services.Endpoints[AwsService.Sqs], services.AccessKeyOf(host.Function));

    private string UrlOf(string queueArn) =>
        stack.QueueByArn(queueArn)?.Url ?? throw new RunnerException($"The template has no queue with the ARN {queueArn}.");
}
