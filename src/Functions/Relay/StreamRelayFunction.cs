using System.Globalization;
using Amazon.Lambda.Annotations;
using Amazon.Lambda.Annotations.DynamoDB;
using Amazon.Lambda.Core;
using Amazon.Lambda.DynamoDBEvents;
using Microsoft.Extensions.Logging;
using Relaybox.Functions.Hosting;
using Relaybox.Outbox.Relay;

namespace Relaybox.Functions.Relay;

/// <summary>
/// Relays the rows that a batch of stream records brings. A record's row counts as held as long as nobody has claimed it,
/// which saves a write per row; whatever goes wrong with a row is written to the row, so that the shard moves on.
/// </summary>
internal sealed class StreamRelayFunction(
    OutboxRelay relay,
    RelayOptions options,
    TimeProvider time,
    MetricsWriter metrics,
    ILogger<StreamRelayFunction> logger) : IFunction<DynamoDBEvent, StreamsEventResponse>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "StreamRelayFunction")]
    [DynamoDBEvent(
        "@OutboxTable",
        ResourceName = "Stream",
        StartingPosition = StartingPosition.TRIM_HORIZON,
        BatchSize = 100,
        MaximumBatchingWindowInSeconds = 0,
        Filters = """{"eventName":["INSERT"],"dynamodb":{"NewImage":{"status":{"S":["pending"]}}}}""")]
    public async Task<StreamsEventResponse> HandleAsync(DynamoDBEvent input, ILambdaContext context)
    {
        var deadline = Invocation.Begin(context, time);
        var batch = StreamBatch.Read(input, time.GetUtcNow(), logger);
        if (!deadline.HasTimeFor(options.MinimumBatchTime))
        {
            return Respond(batch, batch.EventIds);
        }

        // Leaves time to answer: what has no recorded outcome by then comes again.
        using var scope = deadline.BeginScope(CancellationToken.None);
        var result = await relay.RelayAsync(batch.Claims, deadline, scope.Token);
        var deferred = await relay.DeferAsync(batch.Deferred, scope.Token);

        var response = Respond(batch, [.. result.Unrecorded, .. deferred.Unrecorded]);
        metrics.Report(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Stream batch of {batch.RecordCount} records: {result.Sent} sent, {result.Retried} retried, "
                + $"{result.Parked} parked, {result.Late} late, {response.BatchItemFailures.Count} to come again"),
            RelayCounts.ToMetrics(result));
        return response;
    }

    // Lambda goes on from the lowest sequence number that is reported, so everything after it comes again too.
    private static StreamsEventResponse Respond(StreamBatch batch, IEnumerable<string> eventIds) => new()
    {
        BatchItemFailures =
        [
            .. eventIds.Select(batch.SequenceNumberOf)
                .OfType<string>()
                .Select(number => new StreamsEventResponse.BatchItemFailure { ItemIdentifier = number }),
        ],
    };
}
