using System.Text;
using System.Text.Json;
using Relaybox.Benchmarks.Postgres;
using Relaybox.Local.Stack;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>What a function gets first: one new row, one message, or its schedule's input.</summary>
internal static class FirstEvents
{
    public static byte[] For(FunctionDefinition function, string eventId) => function.Events switch
    {
        [StreamEventDefinition, ..] => StreamEvents.Create([eventId]),
        [QueueEventDefinition queue, ..] => Message(queue.QueueArn, eventId),
        _ => Encoding.UTF8.GetBytes(function.Events.OfType<ScheduleEventDefinition>().FirstOrDefault()?.Input ?? "{}"),
    };

    private static byte[] Message(string queueArn, string eventId) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        Records = new[]
        {
            new
            {
                messageId = Guid.NewGuid().ToString(),
                receiptHandle = "handle",
                body = $$"""{"id":"{{eventId}}","eventType":"orders.placed","subject":"orders.placed","payload":{{BenchPayload.Text}}}""",
                attributes = new Dictionary<string, string> { ["ApproximateReceiveCount"] = "1" },
                messageAttributes = new Dictionary<string, object>(),
                md5OfBody = "00000000000000000000000000000000",
                eventSource = "aws:sqs",
                eventSourceARN = queueArn,
                awsRegion = "us-east-1",
            },
        },
    });
}
