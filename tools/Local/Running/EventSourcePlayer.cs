using Relaybox.Local.Aws;
using Relaybox.Local.EventSources;
using Relaybox.Local.Output;
using Relaybox.Local.Runtime;
using Relaybox.Local.Schedules;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>Plays every event source of a stack.</summary>
internal sealed class EventSourcePlayer(
    StackDefinition stack, Uri dynamoDb, AwsJsonClient sqs, double duplicatePercent, ILiveOutput output, TimeProvider time)
{
    private readonly List<Task> running = [];
    private readonly List<StreamEventSource> streams = [];

    public DuplicatePlan StreamDuplicates { get; } = new(duplicatePercent);

    public DuplicatePlan QueueDuplicates { get; } = new(duplicatePercent);

    /// <summary>True while a stream record waits to be delivered a second time on purpose.</summary>
    public bool HasPendingDuplicates => streams.Any(stream => stream.HasPendingDuplicates);

    /// <summary>Completes when a source has failed beyond repair, or all have been stopped.</summary>
    public Task Completion => Task.WhenAll(running);

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
                case ScheduleEventDefinition schedule when withSchedules:
                    var runner = new ScheduleRunner(schedule, host.Function, host, output, time);
                    running.Add(runner.RunAsync(cancellationToken));
                    break;
            }
        }
    }

    private async Task StartStreamAsync(StreamEventDefinition source, FunctionHost host, CancellationToken cancellationToken)
    {
        var reader = await DynamoDbStreamReader.OpenAsync(dynamoDb, source.TableName, cancellationToken);
        var filter = EventFilter.Parse(source.FilterPatterns);
        var destination = source.OnFailureQueueArn is { } arn
            ? new StreamFailureDestination(sqs, UrlOf(arn), host.FunctionArn, reader.EventSourceArn, time)
            : null;
        var stream = new StreamEventSource(source, reader, CreateConsumer, output, time);
        await stream.OpenAsync(cancellationToken);
        streams.Add(stream);
        running.Add(stream.RunAsync(cancellationToken));

        ShardConsumer CreateConsumer(string shardId)
        {
            var delivery = new StreamBatchDelivery(
                source, host, (batch, token) => destination?.SendAsync(shardId, batch, token) ?? Task.CompletedTask, output, time);
            return new ShardConsumer(source, reader, filter, delivery, StreamDuplicates, time);
        }
    }

    private void StartQueue(QueueEventDefinition source, FunctionHost host, CancellationToken cancellationToken)
    {
        var queue = new QueueEventSource(
            source, new QueueClient(sqs, UrlOf(source.QueueArn)), host, EventFilter.Parse(source.FilterPatterns), QueueDuplicates, output, time);
        running.Add(queue.RunAsync(Math.Min(source.MaximumConcurrency ?? host.MaximumWorkers, host.MaximumWorkers), cancellationToken));
    }

    private string UrlOf(string queueArn) =>
        stack.QueueByArn(queueArn)?.Url ?? throw new RunnerException($"The template has no queue with the ARN {queueArn}.");
}
