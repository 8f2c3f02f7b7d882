using System.Globalization;
using Amazon.SQS;
using Amazon.SQS.Model;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;

namespace Relaybox.Sqs;

/// <summary>Decides when messages that failed come back, instead of after the queue's whole visibility timeout.</summary>
/// <param name="sqs">The client.</param>
/// <param name="queueUrl">The queue's URL.</param>
/// <param name="logger">The log.</param>
internal sealed class SqsVisibility(IAmazonSQS sqs, string queueUrl, ILogger<SqsVisibility> logger)
{
    private const int MaxEntries = 10;
    private const int MaxSeconds = 43_200;

    /// <summary>Sets each message's visibility. Where that fails, the message comes back after the queue's own timeout.</summary>
    /// <param name="delays">Receipt handles, and the time until each message comes back.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task DelayAsync(
        IReadOnlyList<(string ReceiptHandle, TimeSpan Delay)> delays, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delays);
        foreach (var chunk in delays.Chunk(MaxEntries))
        {
            try
            {
                await sqs.ChangeMessageVisibilityBatchAsync(
                    new ChangeMessageVisibilityBatchRequest
                    {
                        QueueUrl = queueUrl,
                        Entries = [.. chunk.Select((entry, i) => new ChangeMessageVisibilityBatchRequestEntry
                        {
                            Id = i.ToString(CultureInfo.InvariantCulture),
                            ReceiptHandle = entry.ReceiptHandle,
                            VisibilityTimeout = (int)Math.Clamp(Math.Ceiling(entry.Delay.TotalSeconds), 0, MaxSeconds),
                        })],
                    },
                    cancellationToken);
            }
            catch (Exception e)
            {
                // Also when time has run out: what the handlers did must still be answered.
                Log.VisibilityUnchanged(logger, chunk.Length, e.GetType().Name);
            }
        }
    }
}
