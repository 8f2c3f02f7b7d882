using Amazon.DynamoDBv2;
using Microsoft.Extensions.DependencyInjection;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Emitted events that no item of DynamoDB can hold: when their payloads are stored, and what is said where they cannot be.</summary>
public sealed class DynamoDbEmittedItemTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private static readonly string Large = new('x', 500_000);

    private readonly FakePayloadStore _payloads = new();
    private DynamoDbInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await DynamoDbInboxHarness.CreateAsync(dynamoDb, new ClaimCheck(_payloads));

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_payload_is_stored_when_the_handler_has_returned_and_before_anything_is_written()
    {
        _payloads.BeforePut = async _ => Assert.Null(await _store.Outbox.FindAsync("small", Ct));
        var claim = await ClaimAsync(_store.Repository);
        await using (var abandoned = await _store.Repository.BeginAsync(claim, Ct))
        {
            abandoned.Emit(Sample.Event("emitted", Large));
        }

        Assert.Empty(_payloads.Objects);

        await using var transaction = await _store.Repository.BeginAsync(claim, Ct);
        transaction.Emit(Sample.Event("small"));
        transaction.Emit(Sample.Event("emitted", Large));
        Assert.Empty(_payloads.Objects);
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));

        Assert.Single(_payloads.Objects);
        Assert.True(PayloadReference.IsIn((await _store.Outbox.FindAsync("emitted", Ct))!.Event));
        Assert.False(PayloadReference.IsIn((await _store.Outbox.FindAsync("small", Ct))!.Event));
    }

    [Fact]
    public async Task While_the_payload_store_is_away_nothing_is_written_and_the_attempt_does_not_count()
    {
        _payloads.Away = FakePayloadStore.Outage;
        var claim = await ClaimAsync(_store.Repository);
        await using var transaction = await _store.Repository.BeginAsync(claim, Ct);
        _store.EnlistEffect(transaction, "a");
        transaction.Emit(Sample.Event("emitted", Large));

        var away = await Assert.ThrowsAsync<PayloadStoreException>(() => transaction.CommitAsync(Ct));

        Assert.True(_store.Repository.IsOutage(away));
        Assert.Null(await _store.Outbox.FindAsync("emitted", Ct));
        Assert.Equal(0, await _store.EffectsAsync("a"));
        Assert.Equal(InboxStatus.Processing, (await _store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
    }

    [Fact]
    public async Task Without_a_claim_check_such_an_event_is_refused_and_the_error_says_what_to_switch_on()
    {
        await using var off = await DynamoDbInboxHarness.CreateAsync(dynamoDb);
        var error = await RefusedAsync(off.Repository);
        Assert.Contains("CLAIM_CHECK_BUCKET", error, StringComparison.Ordinal);
        Assert.DoesNotContain("DynamoDbOutboxOptions", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_threshold_that_no_item_can_hold_such_an_event_is_refused_and_the_error_names_the_threshold()
    {
        await using var high = await DynamoDbInboxHarness.CreateAsync(dynamoDb, new ClaimCheck(_payloads, thresholdBytes: 1_000_000));
        Assert.Contains("CLAIM_CHECK_THRESHOLD_BYTES", await RefusedAsync(high.Repository), StringComparison.Ordinal);
        Assert.Empty(_payloads.Objects);
    }

    [Fact]
    public async Task The_inbox_of_the_functions_has_the_claim_check_of_the_functions()
    {
        var inbox = await DynamoDbTables.CreateInboxAsync(dynamoDb.Client);
        var outbox = await DynamoDbTables.CreateOutboxAsync(dynamoDb.Client);
        var services = new ServiceCollection().AddSingleton(TimeProvider.System).AddSingleton<IEntropy>(SystemEntropy.Instance)
            .AddSingleton(new ClaimCheck(_payloads));
        new DynamoDbSettings
        {
            Outbox = new DynamoDbOutboxOptions { TableName = outbox },
            Inbox = new DynamoDbInboxOptions { TableName = inbox },
            JobsTable = "",
        }.AddServices(services);
        services.AddSingleton<IAmazonDynamoDB>(dynamoDb.Client);
        await using var provider = services.BuildServiceProvider();
        var repository = provider.GetRequiredService<IInboxRepository>();
        await using var transaction = await repository.BeginAsync(await ClaimAsync(repository), Ct);
        transaction.Emit(Sample.Event("emitted", Large));

        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));

        Assert.Single(_payloads.Objects);
        await dynamoDb.Client.DeleteTableAsync(inbox, Ct);
        await dynamoDb.Client.DeleteTableAsync(outbox, Ct);
    }

    // The handler can go on without the event.
    private static async Task<string> RefusedAsync(IInboxRepository repository)
    {
        await using var transaction = await repository.BeginAsync(await ClaimAsync(repository), Ct);
        var error = Assert.Throws<RowContractException>(() => transaction.Emit(Sample.Event("emitted", Large)));
        Assert.Equal(ErrorCodes.RowTooLargeForItem, error.Violation.Code);
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Null((await repository.FindAsync(new InboxKey("billing", "e-1"), Ct))!.Emitted);
        return error.Message;
    }

    private static async Task<InboxClaim.Claimed> ClaimAsync(IInboxRepository repository) => Assert.IsType<InboxClaim.Claimed>(
        Assert.Single(await repository.ClaimAsync("billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 5, Ct)));
}
