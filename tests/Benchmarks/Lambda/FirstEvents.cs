using System.Text;
using Relaybox.Benchmarks.Consumers;
using Relaybox.Local.Stack;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>What a function gets first: one new row, one message, or its schedule's input.</summary>
internal static class FirstEvents
{
    public static byte[] For(FunctionDefinition function) => function.Events switch
    {
        [StreamEventDefinition, ..] => StreamEvents.Create([Guid.NewGuid().ToString()]),
        [QueueEventDefinition, ..] => ConsumerLoop.Batch(1),
        _ => Encoding.UTF8.GetBytes(function.Events.OfType<ScheduleEventDefinition>().FirstOrDefault()?.Input ?? "{}"),
    };
}
