using System.Globalization;
using System.Text.Json.Nodes;
using Relaybox.Local.Aws;

namespace Relaybox.Local.EventSources;

/// <summary>
/// Tells the on-failure queue of a stream which records were given up: where they are in the stream, not what
/// they hold. The form is that of AWS's "Retain discarded records".
/// </summary>
internal sealed class StreamFailureDestination(AwsJsonClient sqs, string queueUrl, string functionArn, string streamArn, TimeProvider time)
{
    public Task SendAsync(string shardId, DiscardedBatch batch, CancellationToken cancellationToken) =>
        sqs.CallPatientlyAsync(
            "SendMessage", new JsonObject { ["QueueUrl"] = queueUrl, ["MessageBody"] = Message(shardId, batch).ToJsonString() }, cancellationToken);

    internal JsonObject Message(string shardId, DiscardedBatch batch) => new()
    {
        ["requestContext"] = new JsonObject
        {
            ["requestId"] = batch.LastResult?.RequestId ?? Guid.NewGuid().ToString(),
            ["functionArn"] = functionArn,
            ["condition"] = batch.Condition,
            ["approximateInvokeCount"] = batch.Invocations,
        },
        ["responseContext"] = new JsonObject
        {
            ["statusCode"] = 200,
            ["executedVersion"] = "$LATEST",
            ["functionError"] = batch.LastResult is { Succeeded: false } ? "Unhandled" : null,
        },
        ["version"] = "1.0",
        ["timestamp"] = Format(time.GetUtcNow()),
        ["DDBStreamBatchInfo"] = new JsonObject
        {
            ["shardId"] = shardId,
            ["startSequenceNumber"] = batch.Records[0].SequenceNumber,
            ["endSequenceNumber"] = batch.Records[^1].SequenceNumber,
            ["approximateArrivalOfFirstRecord"] = Format(batch.Records[0].ArrivedAt),
            ["approximateArrivalOfLastRecord"] = Format(batch.Records[^1].ArrivedAt),
            ["batchSize"] = batch.Records.Count,
            ["streamArn"] = streamArn,
        },
    };

    private static string Format(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
