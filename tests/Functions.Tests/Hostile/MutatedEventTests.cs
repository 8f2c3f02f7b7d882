using System.Text;
using System.Text.Json;
using Amazon.Lambda.Core;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Support;
using Relaybox.Messaging;
using Relaybox.Sqs;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>The events of Lambda with anything in them.</summary>
public sealed class MutatedEventTests
{
    private const int Queue = 70_000;
    private const int Bodies = 70_000;
    private const int Stream = MutatedInputs.OfFunctions - Queue - Bodies;

    [Fact]
    public Task A_queue_event_is_read_or_refused() => MutatedInputs.GiveAsync(
        "queue events",
        [
            Rows.SqsEvent(("m-1", Rows.Envelope("e-1")), ("m-2", "x")),
            Rows.SqsEvent("arn:aws:sqs:us-east-1:000000000000:q.fifo", ("m-1", Rows.Envelope("e-1"), "g")),
        ],
        Queue,
        input => Read<SQSEvent, SqsJsonContext>(input, read =>
        {
            foreach (var record in (read?.Records ?? []).Where(record => record is not null))
            {
                _ = SqsDelivery.Attributes(record);
                TryRead(record);
            }
        }));

    [Fact]
    public Task A_body_is_read_or_refused() => MutatedInputs.GiveAsync(
        "queue bodies",
        [Rows.Envelope("e-1"), """{"specversion":"1.0","id":"1","source":"/s","type":"a.b","data":{"a":[1,2]}}"""],
        Bodies,
        input => TryRead(new SQSEvent.SQSMessage { MessageId = "m", Body = Encoding.UTF8.GetString(input) }));

    [Fact]
    public Task A_stream_event_is_read_or_refused() => MutatedInputs.GiveAsync(
        "stream events",
        [
            Rows.StreamEvent(("1", Rows.Image(
                "e-1",
                ("headers", new { M = new { a = new { S = "b" } } }),
                ("availableAt", new { N = "1" }),
                ("orderingKey", new { S = "k" })))),
            Rows.StreamEvent(
                ("1", Rows.Image("e-1")), ("2", Rows.Image("e-2", ("x", new { L = new object[] { new { B = "AA==" }, new { NULL = true } } })))),
        ],
        Stream,
        input => Read<DynamoDBEvent, StreamJsonContext>(
            input, read => StreamBatch.Read(read!, DateTimeOffset.UtcNow, NullLogger.Instance), StreamJsonContext.Customize));

    private static bool Read<T, TContext>(byte[] input, Action<T?> use, Action<JsonSerializerOptions>? customize = null)
        where TContext : System.Text.Json.Serialization.JsonSerializerContext
    {
        T? read;
        try
        {
            ILambdaSerializer serializer = new SourceGeneratorLambdaJsonSerializer<TContext>(customize);
            read = serializer.Deserialize<T>(new MemoryStream(input));
        }
        catch (JsonSerializerException)
        {
            return false;
        }

        use(read);
        return true;
    }

    private static bool TryRead(SQSEvent.SQSMessage record)
    {
        try
        {
            _ = SqsDelivery.Read(record, new SqsReader());
            return true;
        }
        catch (MessageFormatException)
        {
            return false;
        }
    }
}
