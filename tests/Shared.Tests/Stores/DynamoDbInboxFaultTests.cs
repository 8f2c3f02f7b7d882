using System.Net;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost answers and cancelled transactions: a call that was applied and then failed comes out right.</summary>
public sealed class DynamoDbInboxFaultTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private readonly DynamoDbNetwork _faults = new();
    private DynamoDbInboxHarness _store = null!;
    private DynamoDbInboxRepository _repository = null!;
    private DynamoDbInboxRepository _withoutRetries = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await DynamoDbInboxHarness.CreateAsync(dynamoDb);
        _repository = _store.CreateRepository(dynamoDb.CreateClient(configuration =>
        {
            _faults.Into(configuration);
            configuration.MaxErrorRetry = 2;
        }));
        _withoutRetries = _store.CreateRepository(dynamoDb.CreateClient(_faults.Into));
    }

    public async ValueTask DisposeAsync()
    {
        _faults.Dispose();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task A_claim_whose_answer_is_lost_is_ours_and_counts_once()
    {
        _faults.LoseAnswerOnce("UpdateItem");
        var claim = await ClaimAsync(_repository);
        Assert.Equal(1, claim.Deliveries);
        Assert.Equal(2, _faults.Calls.Count);
        Assert.True(await _repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_processed_mark_whose_answer_is_lost_held_all_the_same()
    {
        var claim = await ClaimAsync(_repository);
        _faults.LoseAnswerOnce("UpdateItem");
        Assert.True(await _repository.MarkProcessedAsync(claim, Ct));
        Assert.True(await _repository.IsProcessedAsync("billing", "e-1", Ct));
    }

    [Fact]
    public async Task A_failed_mark_whose_answer_is_lost_held_all_the_same()
    {
        var claim = await ClaimAsync(_repository);
        _faults.LoseAnswerOnce("UpdateItem");
        Assert.True(await _repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal(InboxStatus.Failed, (await _repository.FindAsync("billing", "e-1", Ct))!.Status);
    }

    [Fact]
    public async Task A_failed_record_that_is_claimed_again_while_a_cleanup_looks_at_it_stays()
    {
        Assert.True(await _repository.MarkFailedAsync(await ClaimAsync(_repository), ErrorCodes.HandlerFailed, "no", Ct));
        await _store.PassAsync(TimeSpan.FromDays(2));
        _faults.OnCall = async (operation, _, send) =>
        {
            if (operation == "DeleteItem")
            {
                await ClaimAsync((DynamoDbInboxRepository)_store.Repository);
            }

            return await send();
        };

        Assert.Equal(0, (await _repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 10, Ct)).Affected);

        var record = (await _store.Repository.FindAsync("billing", "e-1", Ct))!;
        Assert.Equal((InboxStatus.Processing, 2), (record.Status, record.Deliveries));
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_happened_once()
    {
        var claim = await ClaimAsync(_repository);
        await using var transaction = await _repository.BeginAsync(claim, Ct);
        _store.EnlistEffect(transaction, "a");
        transaction.Emit(Sample.Event("emitted"));
        _faults.LoseAnswerOnce("TransactWriteItems");

        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));

        Assert.Equal(1, await _store.EffectsAsync("a"));
        Assert.NotNull(await _store.Outbox.FindAsync("emitted", Ct));
        Assert.Equal(2, _faults.Calls.Count(call => call == "TransactWriteItems"));
    }

    [Fact]
    public async Task A_commit_that_the_service_has_forgotten_is_found_by_its_token()
    {
        // The idempotency token is remembered for ten minutes; after that, the repeated call fails on the mark's condition.
        var claim = await ClaimAsync(_repository);
        await using var transaction = await _repository.BeginAsync(claim, Ct);
        _store.EnlistEffect(transaction, "a");
        var calls = 0;
        _faults.OnCall = async (operation, _, send) =>
        {
            if (operation != "TransactWriteItems")
            {
                return await send();
            }

            if (calls++ == 0)
            {
                (await send()).Dispose();
                return DynamoDbNetwork.ServerError();
            }

            return Cancelled("ConditionalCheckFailed", "None");
        };

        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Fact]
    public async Task A_commit_without_any_answer_is_decided_by_the_failed_mark()
    {
        var claim = await ClaimAsync(_withoutRetries);
        await using var transaction = await _withoutRetries.BeginAsync(claim, Ct);
        _store.EnlistEffect(transaction, "a");
        _faults.LoseAnswerOnce("TransactWriteItems");
        await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct));

        // It was applied: the attempt is no longer ours to fail, and the next delivery finds it done.
        Assert.False(await _withoutRetries.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.IsType<InboxClaim.AlreadyProcessed>(await TryClaimAsync(_withoutRetries));
        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Fact]
    public async Task A_commit_that_was_never_applied_can_no_longer_come_after_the_failed_mark()
    {
        var claim = await ClaimAsync(_withoutRetries);
        await using var transaction = await _withoutRetries.BeginAsync(claim, Ct);
        _store.EnlistEffect(transaction, "a");
        HttpRequestMessage? delayed = null;
        _faults.OnCall = (operation, _, send) => operation == "TransactWriteItems"
            ? Task.FromResult(DynamoDbNetwork.ServerError())
            : send();
        _faults.OnRequest = request =>
            delayed ??= request.Headers.GetValues("X-Amz-Target").Single().EndsWith("TransactWriteItems", StringComparison.Ordinal)
                ? request
                : null;
        await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync(Ct));
        Assert.True(await _withoutRetries.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));

        // The packet arrives after all.
        Assert.Equal(HttpStatusCode.BadRequest, await _faults.SendLateAsync(delayed!, Ct));
        Assert.Equal(0, await _store.EffectsAsync("a"));
        Assert.Equal(InboxStatus.Failed, (await _store.Repository.FindAsync("billing", "e-1", Ct))!.Status);
    }

    [Theory]
    [InlineData("TransactionConflict", "None")]
    [InlineData("None", "ThrottlingError")]
    [InlineData("ProvisionedThroughputExceeded", "ConditionalCheckFailed")]
    public async Task A_conflict_or_throttle_is_tried_again_until_only_the_answer_is_left(string first, string second)
    {
        var claim = await ClaimAsync(_repository);
        await using var transaction = await _repository.BeginAsync(claim, Ct);
        _store.EnlistEffect(transaction, "a");
        var cancellations = 3;
        _faults.OnCall = (operation, _, send) => operation == "TransactWriteItems" && cancellations-- > 0
            ? Task.FromResult(Cancelled(first, second))
            : send();
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Equal(1, await _store.EffectsAsync("a"));
    }

    [Fact]
    public async Task One_messages_trouble_does_not_cost_the_others_their_claims()
    {
        _faults.OnCall = (operation, request, send) => operation == "UpdateItem" && request.Contains("\"e-2\"", StringComparison.Ordinal)
            ? Task.FromResult(DynamoDbNetwork.ServerError())
            : send();
        var claims = await _withoutRetries.ClaimAsync(
            "billing", [.. Enumerable.Range(0, 5).Select(i => Sample.Message($"e-{i}"))], TimeSpan.FromMinutes(1), 5, Ct);
        Assert.IsType<InboxClaim.Unavailable>(claims[2]);
        Assert.Equal(4, claims.OfType<InboxClaim.Claimed>().Count());
    }

    [Fact]
    public async Task A_claim_waits_for_the_commit_of_an_earlier_delivery()
    {
        var conflicts = 2;
        _faults.OnCall = (operation, _, send) => operation == "UpdateItem" && conflicts-- > 0
            ? Task.FromResult(DynamoDbNetwork.Error(HttpStatusCode.BadRequest, "com.amazonaws.dynamodb.v20120810#TransactionConflictException"))
            : send();
        var claim = await ClaimAsync(_withoutRetries);
        conflicts = 2;
        Assert.True(await _withoutRetries.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_record_that_is_deleted_within_the_claim_is_nobodys()
    {
        _faults.OnCall = (operation, _, send) => operation == "UpdateItem"
            ? Task.FromResult(DynamoDbNetwork.Error(HttpStatusCode.BadRequest, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"))
            : send();
        Assert.IsType<InboxClaim.InProgress>(await TryClaimAsync(_repository));
    }

    [Fact]
    public async Task Only_a_processed_record_gets_a_time_to_live()
    {
        var claim = await ClaimAsync(_repository);
        Assert.DoesNotContain("expiresAt", (await _store.ReadAsync("billing", "e-1"))!.Keys);
        Assert.True(await _repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.DoesNotContain("expiresAt", (await _store.ReadAsync("billing", "e-1"))!.Keys);
        Assert.True(await _repository.MarkProcessedAsync(await ClaimAsync(_repository), Ct));
        var expires = DateTimeOffset.FromUnixTimeSeconds(long.Parse(
            (await _store.ReadAsync("billing", "e-1"))!["expiresAt"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(expires, _store.Now + TimeSpan.FromDays(20.9), _store.Now + TimeSpan.FromDays(21));
    }

    [Fact]
    public async Task No_more_is_enlisted_than_a_transaction_takes_and_nothing_after_it_has_ended()
    {
        var claim = await ClaimAsync(_repository);
        await using var transaction = await _repository.BeginAsync(claim, Ct);
        for (var i = 0; i < 99; i++)
        {
            transaction.Emit(Sample.Event($"emitted-{i}"));
        }

        Assert.Throws<InvalidOperationException>(() => transaction.Emit(Sample.Event("one too many")));
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Equal(99, (await _store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
        Assert.Throws<ObjectDisposedException>(() => transaction.Emit(Sample.Event("late")));
    }

    private static async Task<InboxClaim.Claimed> ClaimAsync(DynamoDbInboxRepository repository) =>
        Assert.IsType<InboxClaim.Claimed>(await TryClaimAsync(repository));

    private static async Task<InboxClaim> TryClaimAsync(DynamoDbInboxRepository repository) => Assert.Single(
        await repository.ClaimAsync("billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 5, Ct));

    private static HttpResponseMessage Cancelled(params string[] codes)
    {
        var response = DynamoDbNetwork.Error(HttpStatusCode.BadRequest, "unused");
        var reasons = string.Join(',', codes.Select(code => $$"""{"Code":"{{code}}"}"""));
        response.Content = new StringContent(
            """{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"made by a test","CancellationReasons":"""
            + $"[{reasons}]}}",
            System.Text.Encoding.UTF8,
            "application/x-amz-json-1.0");
        return response;
    }
}
