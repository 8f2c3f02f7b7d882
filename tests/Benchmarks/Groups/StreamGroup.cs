using System.Diagnostics;
using System.Text.Json;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Benchmarks.Streams;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What it takes to read a stream event.</summary>
internal sealed class StreamGroup : IBenchmarkGroup
{
    private const int Records = 100;
    private static readonly Metric Time = new("time per event", "µs");
    private static readonly Metric Allocation = new("allocated per record", "bytes");

    public string Id => "stream";

    public string Title => "Reading a DynamoDB stream event of 100 new rows of 1 KiB";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        var input = StreamEvents.Create([.. Enumerable.Range(0, Records).Select(_ => Guid.NewGuid().ToString())]);
        var official = new SourceGeneratorLambdaJsonSerializer<StreamJsonContext>();
        var ours = new SourceGeneratorLambdaJsonSerializer<StreamJsonContext>(StreamJsonContext.Customize);
        await run.CompareAsync(
            new Comparison("Events read", [Time, Allocation], [
                ArmOf("plain types, generated", () => JsonSerializer.Deserialize(input, PlainStreamJson.Default.PlainStreamEvent)!.Records.Count),
                ArmOf("official types, generated", () => official.Deserialize<DynamoDBEvent>(Open(input)).Records.Count),
                ArmOf("our reader, official types", () => ours.Deserialize<DynamoDBEvent>(Open(input)).Records.Count) with
                {
                    Targets = new Dictionary<string, Target> { [Time.Name] = Target.AtMost(0.8), [Allocation.Name] = Target.AtMost(0.3) },
                },
                ArmOf("our reader, and rows made of them", () =>
                    StreamBatch.Read(ours.Deserialize<DynamoDBEvent>(Open(input)), DateTimeOffset.UtcNow, NullLogger.Instance).Claims.Count),
                ArmOf("nothing but the payloads as text", () => PayloadsOf(input)),
            ])
            { Rows = "13" },
            cancellationToken);
    }

    private static MemoryStream Open(byte[] input) => new(input, 0, input.Length, writable: false, publiclyVisible: true);

    // What remains where a payload is a string, however it is read.
    private static int PayloadsOf(ReadOnlySpan<byte> input)
    {
        var reader = new Utf8JsonReader(input);
        var payloads = new List<string>(Records);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("payload"u8))
            {
                reader.Read();
                reader.Read();
                reader.Read();
                payloads.Add(reader.GetString()!);
            }
        }

        return payloads.Count;
    }

    private static Arm ArmOf(string name, Func<int> read) => new(name, (atLeast, _) =>
    {
        GC.Collect();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        var events = 0;
        for (; Stopwatch.GetElapsedTime(start) < atLeast; events++)
        {
            if (read() != Records)
            {
                throw new InvalidOperationException($"{name} did not read all records.");
            }
        }

        return Task.FromResult<double[]>([
            Stopwatch.GetElapsedTime(start).TotalMicroseconds / events,
            (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / events / Records,
        ]);
    });
}
