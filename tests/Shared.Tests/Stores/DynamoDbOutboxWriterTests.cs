using System.Text.Json.Serialization;
using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

public sealed partial class DynamoDbOutboxWriterTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private readonly DynamoDbNetwork _faults = new();
    private DynamoDbOutboxHarness _store = null!;
    private DynamoDbOutboxWriter _writer = null!;
    private string _orders = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
        _orders = await DynamoDbTables.CreateSimpleAsync(dynamoDb.Client, "order");
        _writer = Writer(RelayTrigger.Stream);
    }

    public async ValueTask DisposeAsync()
    {
        _faults.Dispose();
        await dynamoDb.Client.DeleteTableAsync(_orders);
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task A_row_commits_with_the_apps_own_transaction()
    {
        var outboxEvent = _writer.NewEvent("orders.placed", """{ "id" : 7 }""");
        await dynamoDb.Client.TransactWriteItemsAsync(
            new TransactWriteItemsRequest { TransactItems = [NewOrder("o-1"), _writer.CreateWriteItem(outboxEvent)] }, Ct);

        var row = await _store.Repository.FindAsync(outboxEvent.EventId, Ct);
        Assert.Equal((OutboxStatus.Pending, """{ "id" : 7 }"""), (row!.Status, row.Event.Payload));
        Assert.Equal(7, Guid.Parse(outboxEvent.EventId).Version);
        Assert.True(await ExistsAsync("o-1"));
    }

    [Fact]
    public async Task A_row_is_not_there_where_the_apps_own_transaction_fails()
    {
        await OrderAsync("o-1");
        var outboxEvent = _writer.NewEvent("orders.placed", "{}");
        await Assert.ThrowsAsync<TransactionCanceledException>(() => dynamoDb.Client.TransactWriteItemsAsync(
            new TransactWriteItemsRequest { TransactItems = [NewOrder("o-1"), _writer.CreateWriteItem(outboxEvent)] }, Ct));
        Assert.Null(await _store.Repository.FindAsync(outboxEvent.EventId, Ct));
    }

    [Fact]
    public async Task An_id_that_is_taken_fails_the_transaction_instead_of_replacing_an_event()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event("taken", "first"), Ct);
        var error = await Assert.ThrowsAsync<EventIdConflictException>(
            () => _writer.CommitAsync([NewOrder("o-1")], Sample.Event("taken", "second"), Ct));
        Assert.Equal("taken", error.EventId);
        Assert.Equal("first", (await _store.Repository.FindAsync("taken", Ct))!.Event.Payload);
        Assert.False(await ExistsAsync("o-1"));
    }

    [Fact]
    public async Task The_same_call_again_is_told_that_both_were_done_and_one_with_another_event_is_not()
    {
        await _writer.CommitAsync([NewOrder("o-1")], Sample.Event("e-1", "first"), Ct);

        // The order's own condition fails, too.
        var done = await Assert.ThrowsAsync<EventAlreadyWrittenException>(
            () => _writer.CommitAsync([NewOrder("o-1")], Sample.Event("e-1", "first"), Ct));
        Assert.Equal("e-1", done.EventId);
        await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => _writer.CommitAsync([NewOrder("o-2")], Sample.Event("e-1", "first"), Ct));
        await Assert.ThrowsAsync<OutboxTransactionException>(() => _writer.CommitAsync([NewOrder("o-1")], Sample.Event("e-1", "second"), Ct));
        await Assert.ThrowsAsync<EventIdConflictException>(() => _writer.CommitAsync([NewOrder("o-2")], Sample.Event("e-1", "second"), Ct));
        Assert.False(await ExistsAsync("o-2"));
    }

    [Fact]
    public async Task An_operation_and_its_event_are_both_there_with_the_result_in_the_row()
    {
        var result = await _writer.ExecuteWithOutboxAsync(
            (transaction, _) =>
            {
                transaction.Add(NewOrder("o-1"));
                return Task.FromResult(new Placed("o-1", 3));
            },
            """{"customer":7}""",
            "ORDER_PLACED",
            ResultJson.Default.Placed,
            Ct);

        Assert.Equal(new Placed("o-1", 3), result);
        Assert.True(await ExistsAsync("o-1"));
        var row = Assert.Single(await _store.Repository.FindPendingAsync(10, Ct));
        Assert.Equal(("ORDER_PLACED", """{"customer":7}""", """{"Id":"o-1","Lines":3}"""), (row.Event.Subject, row.Event.Payload, row.Event.Result));
        Assert.NotNull(row.Event.EnqueuedAt);
    }

    [Fact]
    public async Task Neither_the_operation_nor_its_event_is_there_where_a_condition_fails_and_the_condition_is_named()
    {
        await OrderAsync("o-2");
        var error = await Assert.ThrowsAsync<OutboxTransactionException>(() => _writer.ExecuteWithOutboxAsync(
            (transaction, _) =>
            {
                transaction.Add(NewOrder("o-1"));
                transaction.Add(NewOrder("o-2"));
                return Task.FromResult(1);
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));
        Assert.Equal([1], error.FailedItems);
        Assert.False(await ExistsAsync("o-1"));
        Assert.Empty(await _store.Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task Nothing_is_written_where_the_operation_throws_or_the_event_breaks_the_contract()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => _writer.ExecuteWithOutboxAsync<int>(
            (transaction, _) =>
            {
                transaction.Add(NewOrder("o-1"));
                throw new TimeoutException();
            },
            "{}",
            "orders.placed",
            cancellationToken: Ct));
        var called = false;
        await Assert.ThrowsAsync<RowContractException>(() => _writer.ExecuteWithOutboxAsync(
            (_, _) =>
            {
                called = true;
                return Task.FromResult(1);
            },
            "{}",
            "orders.*",
            cancellationToken: Ct));
        Assert.Throws<RowContractException>(() => _writer.CreateWriteItem(Sample.Event(subject: "")));

        Assert.False(called);
        Assert.False(await ExistsAsync("o-1"));
        Assert.Empty(await _store.Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task A_transaction_whose_answer_is_lost_is_committed_once()
    {
        var writer = new DynamoDbOutboxWriter(
            dynamoDb.CreateClient(configuration =>
            {
                _faults.Into(configuration);
                configuration.MaxErrorRetry = 2;
            }),
            _store.Options);
        _faults.LoseAnswerOnce("TransactWriteItems");
        await writer.CommitAsync([NewOrder("o-1")], Sample.Event("e-1"), Ct);
        Assert.Equal(2, _faults.Calls.Count);
        Assert.NotNull(await _store.Repository.FindAsync("e-1", Ct));
    }

    [Fact]
    public async Task Writers_of_one_item_at_the_same_moment_both_get_an_answer_about_their_own()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            try
            {
                await _writer.CommitAsync([NewOrder("o-1")], Sample.Event($"e-{i}"), Ct);
                return "committed";
            }
            catch (OutboxTransactionException)
            {
                return "refused";
            }
        }));
        Assert.Single(outcomes, "committed");
        Assert.Equal(1, (await _store.Repository.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Theory]
    [InlineData(RelayTrigger.Stream, false, false)]
    [InlineData(RelayTrigger.Stream, true, true)]
    [InlineData(RelayTrigger.Schedule, false, true)]
    [InlineData(RelayTrigger.Schedule, true, true)]
    public async Task A_row_is_in_the_due_index_where_no_stream_record_can_relay_it(RelayTrigger trigger, bool delayed, bool indexed)
    {
        var at = _store.Now.AddHours(1);
        await Writer(trigger).CommitAsync([], Sample.Event("e-1") with { AvailableAt = delayed ? at : null }, Ct);
        var row = await _store.ReadAsync("e-1");
        Assert.Equal(indexed, row!.ContainsKey("dueShard"));
        Assert.Equal(indexed, row.ContainsKey("dueAt"));
        Assert.Equal(delayed ? 0 : indexed ? 1 : 0, (await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct)).Count);
        if (delayed)
        {
            Assert.Equal($"{at.ToUnixTimeMilliseconds()}", row["dueAt"]);
        }
    }

    [Fact]
    public void No_more_is_added_than_a_transaction_takes()
    {
        var transaction = new DynamoDbOutboxTransaction();
        for (var i = 0; i < DynamoDbOutboxTransaction.MaxItems; i++)
        {
            transaction.Add(NewOrder($"o-{i}"));
        }

        Assert.Throws<InvalidOperationException>(() => transaction.Add(NewOrder("one too many")));
    }

    private DynamoDbOutboxWriter Writer(RelayTrigger trigger) =>
        new(dynamoDb.Client, _store.Options with { Trigger = trigger }, _store.Clock, SystemEntropy.Instance);

    private TransactWriteItem NewOrder(string order) => new()
    {
        Put = new Put
        {
            TableName = _orders,
            Item = new Dictionary<string, AttributeValue>().Set("order", order),
            ConditionExpression = "attribute_not_exists(#order)",
            ExpressionAttributeNames = new() { ["#order"] = "order" },
        },
    };

    private Task OrderAsync(string order) =>
        dynamoDb.Client.PutItemAsync(_orders, new Dictionary<string, AttributeValue>().Set("order", order), Ct);

    private async Task<bool> ExistsAsync(string order) =>
        await DynamoDbItems.ReadAsync(dynamoDb.Client, _orders, new Dictionary<string, AttributeValue>().Set("order", order)) is not null;

    internal sealed record Placed(string Id, int Lines);

    [JsonSerializable(typeof(Placed))]
    internal sealed partial class ResultJson : JsonSerializerContext;
}
