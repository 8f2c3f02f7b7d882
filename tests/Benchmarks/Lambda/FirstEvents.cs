using System.Text;
using System.Text.Json;
using Relaybox.Benchmarks.Stores;
using Relaybox.Local.Stack;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>What a function gets first: one new row, one message, or its schedule's input.</summary>
internal static class FirstEvents
{
    public static byte[] For(FunctionDefinition function) => function.Events switch
    {
        [StreamEventDefinition, ..] => StreamEvents.Create([Guid.NewGuid().ToString()]),
        [QueueEventDefinition, ..] => Message(Guid.NewGuid().ToString()),
        _ => Encoding.UTF8.GetBytes(function.Events.OfType<ScheduleEventDefinition>().FirstOrDefault()?.Input ?? "{}"),
    };

    private static byte[] Message(string id) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        Records = new[]
        {
            new
            {
                messageId = id,
                receiptHandle = "handle",
                body = $$"""{"id":"{{id}}","eventType":"orders.placed","subject":"orders.placed","payload":{{BenchPayload.Text}}}""",
            },
        },
    });
}
