using Amazon.DynamoDBv2.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Benchmarks.DynamoDb;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Stores;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Local.Servers;
using Relaybox.Local.Stores.DynamoDb;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Timing;

namespace Relaybox.Benchmarks.Groups;

/// <summary>What an event costs in DynamoDB, from its write to its end, as DynamoDB Local counts it and by the service's rules.</summary>
internal sealed class DynamoDbGroup : IBenchmarkGroup
{
    private const int Events = 500;
    private const int StreamBatchSize = 100;
    private const string Orders = "orders";
    private const string Padding = "0123456789012345678901234567890123456789";

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);

    public string Id => "dynamodb";

    public string Title => "DynamoDB: capacity and requests per event of 1.3 KB, whole life, on DynamoDB Local";

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        await EmulatorPackages.EnsureInstalledAsync(cancellationToken);
        await using var emulator = await DynamoDbProcess.StartAsync(NetworkPorts.Free(1)[0], cancellationToken);
        using var client = new CountingDynamoDb(emulator.Endpoint);
        var events = Math.Max(StreamBatchSize, run.Options.Of(Events));
        await StreamAsync(run, client, events, cancellationToken);
        await ScheduleAsync(run, client, events, cancellationToken);
        await NaiveAsync(run, client, events, cancellationToken);
        await TransactionsAsync(run, client, cancellationToken);
        run.Note(
            "WCU per event are computed by the service's documented rules, from the row before and after each write; what DynamoDB Local counts "
            + "stands beside it. It reports nothing for PartiQL statements, by which the relay claims and marks. The write is a PutItem: in the "
            + "app's TransactWriteItems it costs twice as much, with any outbox. What ends by its time to live costs nothing.");
    }

    private static async Task StreamAsync(BenchmarkRun run, CountingDynamoDb client, int events, CancellationToken cancellationToken)
    {
        var options = new DynamoDbOutboxOptions { TableName = "stream" };
        await OutboxTables.CreateAsync(client, options.TableName);
        var repository = Repository(client, options);
        var rules = await RulesAsync(client, repository, options, claims: false, cancellationToken);

        client.Take();
        foreach (var outboxEvent in NewEvents(events))
        {
            await repository.FindOrCreateAsync(outboxEvent, cancellationToken);
        }

        var written = client.Take();
        var images = await client.ScanAsync(new ScanRequest { TableName = options.TableName }, cancellationToken);
        var relay = Relay(repository);
        var sent = 0;
        foreach (var batch in images.Items.Where(item => item["status"].S == "pending").Chunk(StreamBatchSize))
        {
            sent += (await relay.RelayAsync(
                [.. batch.Select(DynamoDbOutboxRows.ReadClaim)],
                WorkDeadline.After(TimeSpan.FromMinutes(5), TimeProvider.System),
                cancellationToken)).Sent;
        }

        Require(sent, images.Items.Count(item => item["status"].S == "pending"));
        Report(run, "stream mode", written, client.Take(), sent, events, rules, Target.AtMost(4));
    }

    private static async Task ScheduleAsync(BenchmarkRun run, CountingDynamoDb client, int events, CancellationToken cancellationToken)
    {
        var options = new DynamoDbOutboxOptions { TableName = "schedule", Trigger = RelayTrigger.Schedule };
        await OutboxTables.CreateAsync(client, options.TableName);
        var repository = Repository(client, options);
        var rules = await RulesAsync(client, repository, options, claims: true, cancellationToken);

        client.Take();
        foreach (var outboxEvent in NewEvents(events))
        {
            await repository.FindOrCreateAsync(outboxEvent, cancellationToken);
        }

        var written = client.Take();
        var result = await Relay(repository).DrainAsync(WorkDeadline.After(TimeSpan.FromMinutes(5), TimeProvider.System), cancellationToken);
        Require(result.Sent, events);
        Report(run, "scheduled mode", written, client.Take(), result.Sent, events, rules, Target.AtMost(8));
    }

    private static async Task NaiveAsync(BenchmarkRun run, CountingDynamoDb client, int events, CancellationToken cancellationToken)
    {
        var options = new DynamoDbOutboxOptions { TableName = "naive" };
        await OutboxTables.CreateNaiveAsync(client, options.TableName);
        var naive = new NaiveTable(client, options.TableName);
        var sample = OutboxItem.ToItem(NewEvents(1)[0], options, TimeProvider.System.GetUtcNow());
        Dictionary<string, AttributeValue> publishing = new(sample) { ["status"] = new AttributeValue { S = "publishing" } };
        Dictionary<string, AttributeValue> sent = new(sample) { ["status"] = new AttributeValue { S = "sent" } };
        var rules = Steps(OutboxTables.StatusKey, projectsAll: true, null, sample, publishing, sent);

        client.Take();
        var rows = NewEvents(events);
        foreach (var outboxEvent in rows)
        {
            await naive.PutAsync(OutboxItem.ToItem(outboxEvent, options, TimeProvider.System.GetUtcNow()), cancellationToken);
        }

        var written = client.Take();
        var relayed = 0;
        while (await naive.RelayAsync(cancellationToken) is > 0 and var rowsSent)
        {
            relayed += rowsSent;
        }

        Require(relayed, events);
        Report(run, "index on the status", written, client.Take(), relayed, events, rules, null);
        foreach (var outboxEvent in rows)
        {
            await naive.DeleteAsync(outboxEvent.EventId, cancellationToken);
        }

        run.Count("index on the status: WCU per event for a cleanup that deletes, beside that", client.Take().WriteUnits / events, "");
    }

    // What the outbox adds to a transaction of the app, which writes an item of its own in any case.
    private static async Task TransactionsAsync(BenchmarkRun run, CountingDynamoDb client, CancellationToken cancellationToken)
    {
        var stream = new DynamoDbOutboxOptions { TableName = "stream" };
        var schedule = new DynamoDbOutboxOptions { TableName = "schedule", Trigger = RelayTrigger.Schedule };
        await OutboxTables.CreateAsync(client, Orders);
        var business = await WriteAsync(null, "");
        await ReportAsync("stream mode", SmallItem(stream), stream.TableName, Target.AtMost(2));
        await ReportAsync("scheduled mode", SmallItem(schedule), schedule.TableName, null);
        await ReportAsync("index on the status", SmallItem(stream), "naive", null);

        async Task ReportAsync(string mode, Dictionary<string, AttributeValue> row, string table, Target? target)
        {
            var both = await WriteAsync(row, table);
            run.Count($"{mode}: WCU that a row of 1 KB adds to the app's transaction", both.WriteUnits - business.WriteUnits, "", target, "20");
            run.Count(
                $"{mode}: requests that it adds", both.Requests - business.Requests, "", target is null ? null : Target.Exactly(0), "20");
        }

        async Task<Consumed> WriteAsync(Dictionary<string, AttributeValue>? row, string table)
        {
            Dictionary<string, AttributeValue> order = new()
            {
                ["eventId"] = new AttributeValue { S = $"order-{Guid.NewGuid()}" }, ["total"] = new AttributeValue { N = "42" },
            };
            List<TransactWriteItem> items = [new() { Put = new Put { TableName = Orders, Item = order } }];
            if (row is not null)
            {
                items.Add(new() { Put = new Put { TableName = table, Item = row } });
            }

            client.Take();
            await client.TransactWriteItemsAsync(new TransactWriteItemsRequest { TransactItems = items }, cancellationToken);
            return client.Take();
        }

        static Dictionary<string, AttributeValue> SmallItem(DynamoDbOutboxOptions options) => OutboxItem.ToItem(
            new OutboxEvent { EventId = $"{Guid.NewGuid()}", Subject = "orders.placed", Payload = BenchPayload.Text[..600] },
            options,
            TimeProvider.System.GetUtcNow());
    }

    private static void Report(
        BenchmarkRun run, string mode, Consumed written, Consumed relayed, int sent, int events, double rules, Target? target)
    {
        run.Count($"{mode}: WCU per event", rules, "", target, "16");
        run.Count($"{mode}: WCU of the write, as the emulator counts it", written.WriteUnits / events, "");
        run.Count($"{mode}: WCU of the relay, as the emulator counts it", relayed.WriteUnits / sent, "");
        run.Count($"{mode}: RCU per event", relayed.ReadUnits / sent, "");
        run.Count(
            $"{mode}: requests per event beyond the write", (double)relayed.Requests / sent, "", target is null ? null : Target.AtMost(0.2), "16");
    }

    // One event, looked at after each step.
    private static async Task<double> RulesAsync(
        CountingDynamoDb client, DynamoDbOutboxRepository repository, DynamoDbOutboxOptions options, bool claims, CancellationToken cancellationToken)
    {
        var outboxEvent = NewEvents(1)[0];
        List<Dictionary<string, AttributeValue>?> states = [null];
        await repository.FindOrCreateAsync(outboxEvent, cancellationToken);
        await LookAsync();
        var token = ClaimToken.None;
        if (claims)
        {
            token = (await repository.ClaimAsync(1, Lease, cancellationToken)).Single().Token;
            await LookAsync();
        }

        await repository.MarkSentAsync([new OutboxMark(outboxEvent.EventId, token)], cancellationToken);
        await LookAsync();
        return Steps(OutboxTables.DueKey, projectsAll: false, [.. states]);

        async Task LookAsync() => states.Add((await client.GetItemAsync(
            options.TableName, new() { ["eventId"] = new AttributeValue { S = outboxEvent.EventId } }, true, cancellationToken)).Item);
    }

    private static double Steps(string[] key, bool projectsAll, params Dictionary<string, AttributeValue>?[] states) =>
        Enumerable.Range(1, states.Length - 1).Sum(i => CapacityRules.WriteUnits(states[i - 1], states[i], key, projectsAll));

    private static DynamoDbOutboxRepository Repository(CountingDynamoDb client, DynamoDbOutboxOptions options) =>
        new(client, options, TimeProvider.System, SystemEntropy.Instance);

    private static OutboxRelay Relay(IOutboxRepository repository) =>
        new(repository, new NoOpPublisher(), new RelayOptions(), SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance);

    // With the names of its attributes such a row has 1.3 KB.
    private static List<OutboxEvent> NewEvents(int count) =>
    [
        .. Enumerable.Range(0, count).Select(_ => new OutboxEvent
        {
            EventId = Guid.NewGuid().ToString(),
            Subject = "orders.placed",
            Payload = BenchPayload.Text,
            Headers = new Dictionary<string, string>
            {
                ["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ["tenant"] = Padding,
            },
        }),
    ];

    private static void Require(int sent, int events)
    {
        if (sent != events)
        {
            throw new InvalidOperationException($"{sent} of {events} rows were sent.");
        }
    }
}
