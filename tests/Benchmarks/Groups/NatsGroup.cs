using System.Text;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Nats;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Testing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the publisher makes of the NATS client and its connection, and the relay of both.</summary>
internal sealed class NatsGroup : IBenchmarkGroup
{
    private const string Client = "the client's own call, 256 in flight";
    private const string Sender = "one subscription for all answers, 256 in flight";
    private const string Raw = "raw socket, 256 in flight";
    private const string RawEvents = "raw socket, the publisher's messages";
    private const int CountedMessages = 100_000;

    public string Id => "nats";

    public string Title => "JetStream publish, 1 KiB, file storage, and PostgreSQL to JetStream";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using var stream = await BenchStream.StartAsync(cancellationToken);
        await using var publisher = new PublisherLoop(stream);
        var client = new ClientLoop(stream);
        await using var sender = new SenderLoop(stream);
        var zero = Guid.Empty.ToString();
        var raw = new RawLoop(stream.Port, BenchStream.Subject, $"Nats-Msg-Id: {zero}\r\n", BenchPayload.Text);
        var rawEvents = RawEventLoop(stream.Port, zero);
        await run.CompareAsync(
            new Comparison("Messages published", [Metric.Rate("messages")], [
                ArmOf(stream, Raw, raw.PublishAsync),
                ArmOf(stream, Client, client.PublishAsync, client.Prepare),
                ArmOf(stream, Sender, sender.PublishAsync, sender.Prepare, Target.AtLeast(0.8)),
                ArmOf(stream, RawEvents, rawEvents.PublishAsync),
                ArmOf(stream, "publisher, one batch", (n, ct) => publisher.PublishAsync((int)n, ct), publisher.Prepare, against: RawEvents),
                ArmOf(stream, "publisher, batches of 500", (_, ct) => publisher.PublishAsync(500, ct), publisher.Prepare, against: RawEvents),
            ])
            { Rows = "5b" },
            cancellationToken);

        await CountAllocationAsync(run, stream, "the client's own call", client.PublishAsync, client.Prepare, null, cancellationToken);
        await CountAllocationAsync(
            run, stream, "one subscription for all answers", sender.PublishAsync, sender.Prepare, Target.AtMost(1_024), cancellationToken);
        await CountAllocationAsync(
            run, stream, "publisher", (_, ct) => publisher.PublishAsync(500, ct), publisher.Prepare, null, cancellationToken);
        await RelayAsync(run, stream, publisher.Publisher, rawEvents, cancellationToken);
    }

    // PostgreSQL to JetStream, against the slower of its halves.
    private static async Task RelayAsync(
        BenchmarkRun run, BenchStream stream, IMessagePublisher publisher, RawLoop raw, CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.StartAsync(cancellationToken);
        var outbox = await OutboxSchema.CreateAsync(database, "keep", AfterSending.Keep, cancellationToken);
        var bare = await OutboxSchema.CreateAsync(database, "bare", AfterSending.Keep, cancellationToken);
        var bareLoop = new BareLoop(database, bare, new RelayOptions().BatchSize);
        var relay = outbox.Relay(publisher);
        var claim = Arm.Throughput("bare claim and mark", 15_000, bareLoop.DrainAsync, bare.FillAsync);
        var publish = ArmOf(stream, RawEvents, raw.PublishAsync);
        Arm[] halves = [claim, publish];
        if (await FirstIsFasterAsync(claim, publish, run.Options.RoundTime, cancellationToken))
        {
            Array.Reverse(halves);
        }

        var endToEnd = Arm.Throughput(
            "PostgreSQL to JetStream",
            15_000,
            async (rows, ct) =>
            {
                await outbox.DrainAsync(relay, rows, ct);
                await stream.RequireAsync("relay", rows, ct);
            },
            async (rows, ct) =>
            {
                await stream.ResetAsync(ct);
                await outbox.FillAsync(rows, ct);
            },
            Target.AtLeast(0.6));
        await run.CompareAsync(
            new Comparison("Rows relayed to JetStream, against the slower half", [Metric.Rate("rows")], [.. halves, endToEnd]) { Rows = "5" },
            cancellationToken);
    }

    private static async Task<bool> FirstIsFasterAsync(Arm first, Arm second, TimeSpan atLeast, CancellationToken cancellationToken) =>
        (await first.MeasureAsync(atLeast, cancellationToken))[0] > (await second.MeasureAsync(atLeast, cancellationToken))[0];

    private static Arm ArmOf(
        BenchStream stream,
        string name,
        Func<long, CancellationToken, Task> publish,
        Action<long>? prepare = null,
        Target? target = null,
        string? against = null) =>
        Arm.Throughput(
            name,
            20_000,
            async (messages, ct) =>
            {
                await publish(messages, ct);
                await stream.RequireAsync(name, messages, ct);
            },
            async (messages, ct) =>
            {
                prepare?.Invoke(messages);
                await stream.ResetAsync(ct);
            },
            target,
            against);

    private static async Task CountAllocationAsync(
        BenchmarkRun run,
        BenchStream stream,
        string name,
        Func<long, CancellationToken, Task> publish,
        Action<long> prepare,
        Target? target,
        CancellationToken cancellationToken)
    {
        var messages = run.Options.Of(CountedMessages);
        prepare(messages);
        await stream.ResetAsync(cancellationToken);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await publish(messages, cancellationToken);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        run.Count($"{name}: allocated per message", (double)allocated / messages, "bytes", target, "5b");
    }

    // The same bytes as those of the publisher.
    private static RawLoop RawEventLoop(int port, string id)
    {
        var body = new EnvelopeFormat().Write(new OutboxEvent { EventId = id, Subject = BenchStream.Subject, Payload = BenchPayload.Text });
        var headers =
            $"Nats-Msg-Id: {id}\r\nRelaybox-Format: envelope\r\nRelaybox-Subject: {BenchStream.Subject}\r\nRelaybox-Event-Id: {id}\r\n"
            + """Relaybox-Properties: {"publishedAt":"2026-01-01T00:00:00.000Z"}""" + "\r\n";
        return new RawLoop(port, BenchStream.Subject, headers, Encoding.UTF8.GetString(body.Span));
    }
}
