using Amazon.DynamoDBv2.Model;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What is DynamoDB's own: the sparse index, the time to live, and attributes of the wrong type.</summary>
public sealed class DynamoDbOutboxTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private DynamoDbOutboxHarness _store = null!;
    private DynamoDbOutboxRepository _stream = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
        _stream = _store.CreateRepository(dynamoDb.Client, RelayTrigger.Stream);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_row_of_the_stream_never_enters_the_due_index_while_all_goes_well()
    {
        await _stream.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        Assert.DoesNotContain("dueShard", (await _store.ReadAsync("e-1"))!.Keys);
        Assert.Equal(0, await CountIndexAsync());

        Assert.Equal(1, (await _stream.MarkSentAsync([new("e-1", ClaimToken.None)], Ct)).Applied);
        Assert.Equal(0, await CountIndexAsync());
    }

    [Fact]
    public async Task A_row_is_in_the_due_index_while_there_is_work_to_do_and_no_longer()
    {
        await _stream.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        await _stream.FindOrCreateAsync(Sample.Event("delayed") with { AvailableAt = _store.Now.AddHours(1) }, Ct);
        await _store.Repository.FindOrCreateAsync(Sample.Event("scheduled"), Ct);
        Assert.Equal(2, await CountIndexAsync());

        await _stream.RetryAsync([new("e-1", ClaimToken.None, 1, TimeSpan.Zero, null, null)], Ct);
        Assert.Equal(3, await CountIndexAsync());
        var claim = await _stream.MarkAsPublishingAsync("e-1", Lease, Ct);
        Assert.Equal(3, await CountIndexAsync());
        await _stream.MarkSentAsync([new("e-1", claim!.Token)], Ct);
        Assert.Equal(2, await CountIndexAsync());
        await _stream.ParkAsync([new("scheduled", ClaimToken.None, 1, "c", "m")], Ct);
        Assert.Equal("failed", (await _store.ReadAsync("scheduled"))!["dueShard"]);
    }

    [Fact]
    public async Task A_claim_leaves_the_row_where_it_is_in_the_due_index()
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        var before = (await _store.ReadAsync("e-1"))!;
        var claim = Assert.Single(await _store.Repository.ClaimAsync(10, Lease, Ct));
        var claimed = (await _store.ReadAsync("e-1"))!;
        Assert.Equal((before["dueShard"], before["dueAt"]), (claimed["dueShard"], claimed["dueAt"]));
        Assert.Equal(
            _store.Now + Lease, (await _store.Repository.FindAsync("e-1", Ct))!.DueAt!.Value, TimeSpan.FromSeconds(5));

        await _store.Repository.MarkSentAsync([new("e-1", claim.Token)], Ct);
        Assert.DoesNotContain("leaseUntil", (await _store.ReadAsync("e-1"))!.Keys);
    }

    [Fact]
    public async Task What_others_hold_does_not_hide_what_is_behind_it()
    {
        for (var i = 0; i < 40; i++)
        {
            await _store.Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct);
        }

        Assert.Equal(30, (await _store.Repository.ClaimAsync(30, Lease, Ct)).Count);
        var other = _store.CreateRepository();
        Assert.Equal(10, (await other.ClaimAsync(10, Lease, Ct)).Count);
        Assert.Empty(await other.ClaimAsync(10, Lease, Ct));
        Assert.Equal(TimeSpan.Zero, await other.OldestDueAgeAsync(Ct));
    }

    [Fact]
    public async Task Claimed_rows_do_not_hide_how_long_the_one_behind_them_has_waited()
    {
        for (var i = 0; i < 151; i++)
        {
            await _store.Repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct);
        }

        await _store.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(150, (await _store.Repository.ClaimAsync(150, Lease, Ct)).Count);
        Assert.True(await _store.CreateRepository().OldestDueAgeAsync(Ct) >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_row_whose_claim_moved_its_due_time_as_it_once_did_is_held_until_then()
    {
        await _store.WriteAsync(Item("e-1", "claimToken", "S")
            .Set("dueShard", "1").Set("dueAt", _store.Now + TimeSpan.FromMinutes(1)).Set("status", "publishing"));
        Assert.Empty(await _store.Repository.ClaimAsync(10, Lease, Ct));
        Assert.Null(await _store.Repository.MarkAsPublishingAsync("e-1", Lease, Ct));
        await _store.PassAsync(TimeSpan.FromMinutes(1) + TimeSpan.FromSeconds(1));
        Assert.Single(await _store.Repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task Only_a_sent_row_gets_a_time_to_live()
    {
        foreach (var id in new[] { "sent", "retried", "parked", "claimed" })
        {
            await _stream.FindOrCreateAsync(Sample.Event(id), Ct);
        }

        await _stream.RetryAsync([new("retried", ClaimToken.None, 1, TimeSpan.Zero, null, null)], Ct);
        await _stream.ParkAsync([new("parked", ClaimToken.None, 1, "c", "m")], Ct);
        await _stream.MarkAsPublishingAsync("claimed", Lease, Ct);
        await _stream.MarkSentAsync([new("sent", ClaimToken.None)], Ct);

        foreach (var id in new[] { "retried", "parked", "claimed" })
        {
            Assert.DoesNotContain("expiresAt", (await _store.ReadAsync(id))!.Keys);
        }

        var expires = DateTimeOffset.FromUnixTimeSeconds(long.Parse(
            (await _store.ReadAsync("sent"))!["expiresAt"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(expires, _store.Now + TimeSpan.FromDays(6.9), _store.Now + TimeSpan.FromDays(7));
    }

    [Fact]
    public async Task Reconcile_leaves_young_rows_to_the_stream()
    {
        await _stream.FindOrCreateAsync(Sample.Event("young"), Ct);
        Assert.Equal(0, (await _stream.ReconcileAsync(TimeSpan.FromMinutes(5), null, 100, Ct)).Recovered);
        await _store.PassAsync(TimeSpan.FromMinutes(6));
        await _stream.FindOrCreateAsync(Sample.Event("younger"), Ct);
        Assert.Equal(1, (await _stream.ReconcileAsync(TimeSpan.FromMinutes(5), null, 100, Ct)).Recovered);
        Assert.Equal("young", Assert.Single(await _stream.ClaimAsync(10, Lease, Ct)).EventId);
    }

    [Theory]
    [InlineData("payload", "N", ErrorCodes.PayloadInvalid)]
    [InlineData("payload", "M", ErrorCodes.PayloadInvalid)]
    [InlineData("payload", "-", ErrorCodes.PayloadInvalid)]
    [InlineData("subject", "N", ErrorCodes.SubjectInvalid)]
    [InlineData("subject", "-", ErrorCodes.SubjectInvalid)]
    [InlineData("headers", "S", ErrorCodes.HeadersInvalid)]
    [InlineData("headers", "M", ErrorCodes.HeadersInvalid)]
    [InlineData("orderingKey", "N", ErrorCodes.OrderingKeyInvalid)]
    [InlineData("enqueuedAt", "S", ErrorCodes.FieldInvalid)]
    [InlineData("enqueuedAt", "F", ErrorCodes.FieldInvalid)]
    [InlineData("availableAt", "S", ErrorCodes.FieldInvalid)]
    [InlineData("result", "N", ErrorCodes.FieldInvalid)]
    public async Task An_attribute_of_the_wrong_type_is_a_violation_that_names_it(string attribute, string type, string code)
    {
        await _store.WriteAsync(Item("e-1", attribute, type));

        var claim = await _stream.MarkAsPublishingAsync("e-1", Lease, Ct);

        Assert.Equal(code, claim!.Violation!.Code);
        Assert.Contains(attribute, claim.Violation.Message, StringComparison.Ordinal);
        Assert.Null(claim.Event);
        Assert.Equal(1, (await _stream.ParkAsync([new("e-1", claim.Token, 1, code, claim.Violation.Message)], Ct)).Applied);
        Assert.NotNull(await _stream.FindAsync("e-1", Ct));
    }

    [Theory]
    [InlineData("headers")]
    [InlineData("orderingKey")]
    [InlineData("enqueuedAt")]
    [InlineData("availableAt")]
    [InlineData("result")]
    public async Task An_explicit_null_is_a_missing_field(string attribute)
    {
        await _store.WriteAsync(Item("e-1", attribute, "NULL"));
        var claim = await _stream.MarkAsPublishingAsync("e-1", Lease, Ct);
        Assert.Null(claim!.Violation);
        Assert.Equal(1, (await _stream.MarkSentAsync([new("e-1", claim.Token)], Ct)).Applied);
    }

    [Theory]
    [InlineData("99999999999999999")]
    [InlineData("-99999999999999999")]
    [InlineData("0")]
    public async Task A_time_outside_of_the_calendar_breaks_nothing(string number)
    {
        var item = Item("e-1", "enqueuedAt", "-");
        item["enqueuedAt"] = new AttributeValue { N = number };
        await _store.WriteAsync(item);
        Assert.Single(await _stream.FindPendingAsync(10, Ct));
        await _stream.ReconcileAsync(TimeSpan.Zero, null, 10, Ct);
        Assert.NotNull(await _stream.MarkAsPublishingAsync("e-1", Lease, Ct));
    }

    [Fact]
    public void A_due_shard_is_the_same_in_every_version()
    {
        // Writers in other languages compute it too: these values are part of the row contract.
        Assert.Equal(["4", "5", "4", "4"], new[] { "a", "order-1", "0197f6a0-0000-7000-8000-000000000000", "é" }.Select(id => DueShard.Of(id, 8)));
        Assert.Equal("0", DueShard.Of("anything", 1));
        Assert.Equal(8, Enumerable.Range(0, 200).Select(i => DueShard.Of($"e-{i}", 8)).Distinct().Count());
    }

    private static Dictionary<string, AttributeValue> Item(string eventId, string attribute, string type)
    {
        var item = new Dictionary<string, AttributeValue>()
            .Set("eventId", eventId).Set("status", "pending").Set("subject", "orders.placed").Set("payload", "{}");
        item.Remove(attribute);
        if (type != "-")
        {
            item[attribute] = type switch
            {
                "S" => DynamoDbItems.S("text"),
                "N" => DynamoDbItems.N(7),
                "F" => new AttributeValue { N = "1.5" },
                "NULL" => new AttributeValue { NULL = true },
                _ => new AttributeValue { M = new() { ["inner"] = DynamoDbItems.N(7) } },
            };
        }

        return item;
    }

    private async Task<int> CountIndexAsync() => (await dynamoDb.Client.ScanAsync(
        new ScanRequest { TableName = _store.Options.TableName, IndexName = "DueIndex" }, Ct)).Count ?? 0;
}
