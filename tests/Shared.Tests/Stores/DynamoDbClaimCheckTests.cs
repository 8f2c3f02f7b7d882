using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>A writer of DynamoDB and payloads that no item can hold.</summary>
public sealed class DynamoDbClaimCheckTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private static readonly string Large = new('x', 3_000_000);

    private readonly FakePayloadStore _payloads = new();
    private DynamoDbOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await DynamoDbOutboxHarness.CreateAsync(dynamoDb);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_payload_that_no_item_can_hold_is_stored_apart_and_the_row_has_its_reference()
    {
        var outboxEvent = Sample.Event("a", Large);

        await Writer(new ClaimCheck(_payloads)).CommitAsync([], outboxEvent, Ct);

        var row = await _store.Repository.FindAsync("a", Ct);
        var reference = PayloadReference.Read(row!.Event);
        Assert.Equal(3_000_000, _payloads.Objects[reference.Key].Length);

        // The same call again: this very event is there. Another payload under its id is another event.
        await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => Writer(new ClaimCheck(_payloads)).CommitAsync([], outboxEvent, Ct));
        await Assert.ThrowsAsync<EventIdConflictException>(
            () => Writer(new ClaimCheck(_payloads)).CommitAsync([], outboxEvent with { Payload = Large + "y" }, Ct));
    }

    [Fact]
    public async Task A_payload_is_stored_before_the_transaction_and_without_the_store_nothing_is_written()
    {
        _payloads.Away = FakePayloadStore.Outage;

        await Assert.ThrowsAsync<PayloadStoreException>(() => Writer(new ClaimCheck(_payloads)).CommitAsync([], Sample.Event("a", Large), Ct));

        Assert.Null(await _store.Repository.FindAsync("a", Ct));
    }

    [Fact]
    public async Task ExecuteWithOutboxAsync_stores_a_large_payload_as_well()
    {
        await Writer(new ClaimCheck(_payloads)).ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), Large, "orders.placed", cancellationToken: Ct);

        Assert.Single(_payloads.Objects);
    }

    [Theory]
    [InlineData(400_000, false)]
    [InlineData(409_600, true)]
    [InlineData(3_000_000, true)]
    public async Task Without_a_claim_check_a_row_that_is_too_large_is_refused_before_anything_is_sent(int bytes, bool isRefused)
    {
        var outboxEvent = Sample.Event("a", new string('x', bytes));
        var error = await Record.ExceptionAsync(() => Writer(null).CommitAsync([], outboxEvent, Ct));

        Assert.Equal(isRefused, error is not null);
        if (isRefused)
        {
            Assert.Equal(ErrorCodes.RowTooLargeForItem, Assert.IsType<RowContractException>(error).Violation.Code);
            Assert.Contains("DynamoDbOutboxOptions.ClaimCheck", error.Message, StringComparison.Ordinal);
            Assert.Null(await _store.Repository.FindAsync("a", Ct));
        }
    }

    [Fact]
    public void The_size_of_an_item_is_counted_as_DynamoDB_counts_it()
    {
        var item = new Dictionary<string, AttributeValue>
        {
            ["ab"] = Values.S("é"), ["n"] = new() { N = "1767225600000" }, ["m"] = new() { M = new() { ["k"] = Values.S("v") } },
        };

        Assert.Equal(2 + 2 + 1 + 7 + 1 + 3 + 1 + 1 + 1, OutboxItem.ItemBytesOf(item));
    }

    private DynamoDbOutboxWriter Writer(ClaimCheck? claimCheck) => new(dynamoDb.Client, _store.Options with { ClaimCheck = claimCheck });
}
