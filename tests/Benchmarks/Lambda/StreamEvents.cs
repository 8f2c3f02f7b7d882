using System.Text.Json;
using Relaybox.Benchmarks.Stores;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>Stream events as DynamoDB sends them: new rows of 1 KiB with a header.</summary>
internal static class StreamEvents
{
    /// <summary>An event with a record for each id.</summary>
    public static byte[] Create(IReadOnlyList<string> eventIds) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        Records = eventIds.Select((id, i) => new
        {
            eventID = Guid.NewGuid().ToString("N"),
            eventName = "INSERT",
            eventVersion = "1.1",
            eventSource = "aws:dynamodb",
            awsRegion = "us-east-1",
            dynamodb = new
            {
                ApproximateCreationDateTime = 1767225600.0,
                Keys = new { eventId = new { S = id } },
                NewImage = new
                {
                    eventId = new { S = id },
                    subject = new { S = "orders.placed" },
                    payload = new { S = BenchPayload.Text },
                    status = new { S = "pending" },
                    enqueuedAt = new { N = "1767225600000" },
                    headers = new { M = new { traceparent = new { S = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } } },
                },
                SequenceNumber = $"{100000000000000000L + i}",
                SizeBytes = 1300,
                StreamViewType = "NEW_IMAGE",
            },
            eventSourceARN = "arn:aws:dynamodb:us-east-1:000000000000:table/relaybox-outbox/stream/2026-01-01T00:00:00.000",
        }),
    });
}
