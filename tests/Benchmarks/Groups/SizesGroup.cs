using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.Consuming;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.Benchmarks.Stores.Postgres;
using Relaybox.Benchmarks.Queues;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Postgres;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What the sizes that can be set are worth, each against its default.</summary>
internal sealed class SizesGroup : IBenchmarkGroup
{
    private const int Events = 1_000;

    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(5);

    public string Id => "sizes";

    public string Title => "Batch sizes, workers, calls in flight and handlers at once, against the defaults";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await using (var database = await BenchDatabase.StartAsync(cancellationToken))
        {
            var schema = await OutboxSchema.CreateAsync(database, "sizes", AfterSending.Keep, cancellationToken);
            var batchSize = new RelayOptions().BatchSize;
            await CompareAsync(
                run, "Rows relayed, by the size of a claim", batchSize, [100, 250, 1000, 2000],
                size => RelayArm($"{size}", schema, size, workers: 1), cancellationToken);
            await CompareAsync(
                run, "Rows relayed, by relays at once", 1, [2, 4], workers => RelayArm($"{workers}", schema, batchSize, workers), cancellationToken);
            var inbox = new PostgresInboxRepository(
                database.Connections, schema.Options, TimeProvider.System, SystemEntropy.Instance);
            await CompareAsync(
                run,
                $"Invocations with {QueueInvocations.BatchSize} messages whose handlers wait 5 ms, by handlers at once",
                new ConsumerOptions().Concurrency,
                [1, 5],
                concurrency => ConsumeArm(inbox, concurrency),
                cancellationToken);
        }

        await CompareAsync(
            run,
            "Messages sent to a queue that answers in 5 ms, by calls in flight",
            new SqsPublisherOptions { QueueUrl = DelayedSqs.QueueUrl }.Concurrency,
            [1, 4, 16, 32],
            PublishArm,
            cancellationToken);
        run.Note(
            "Beyond what a size gains here it costs elsewhere: a larger claim leaves more rows "
            + "to send again after a crash, more calls in flight meet the queue's limits sooner.");
    }

    private static Task CompareAsync(
        BenchmarkRun run, string name, int byDefault, int[] others, Func<int, Arm> arm, CancellationToken cancellationToken) =>
        run.CompareAsync(
            new Comparison(name, [Metric.Rate("")], [arm(byDefault) with { Name = $"{byDefault}, the default" }, .. others.Select(arm)]),
            cancellationToken);

    private static Arm RelayArm(string name, OutboxSchema schema, int batchSize, int workers)
    {
        OutboxRelay[] relays =
        [
            .. Enumerable.Range(0, workers).Select(_ => schema.Relay(new NoOpPublisher(), new RelayOptions { BatchSize = batchSize })),
        ];
        return Arm.Throughput(
            name, 20_000, (rows, ct) => schema.DrainAsync(relays, rows, ct), schema.FillAsync);
    }

    private static Arm ConsumeArm(IInboxRepository inbox, int concurrency)
    {
        var invocations = new QueueInvocations(inbox, new WaitingHandler(Wait), new ConsumerOptions { Concurrency = concurrency });
        return Arm.Throughput($"{concurrency}", 20, (_, _) => invocations.RunAsync(), PrepareAsync);

        Task PrepareAsync(long count, CancellationToken cancellationToken)
        {
            invocations.Prepare(count);
            return Task.CompletedTask;
        }
    }

    private static Arm PublishArm(int concurrency)
    {
        var events = Enumerable.Range(0, Events)
            .Select(i => new OutboxEvent { EventId = $"e-{i}", Subject = "orders.placed", Payload = BenchPayload.Text }).ToList();
        var publisher = new SqsMessagePublisher(
            new DelayedSqs(Wait),
            MessageFormats.Get(null),
            new SqsPublisherOptions { QueueUrl = DelayedSqs.QueueUrl, Concurrency = concurrency },
            TimeProvider.System,
            NullLogger<SqsMessagePublisher>.Instance);
        return Arm.Throughput($"{concurrency}", Events, async (messages, ct) =>
        {
            for (var sent = 0L; sent < messages; sent += Events)
            {
                await publisher.PublishAsync(events.GetRange(0, (int)Math.Min(Events, messages - sent)), ct);
            }
        });
    }
}
