using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Documents that no writer should write: each is parked with a code, or never touched and counted, and harms no other.</summary>
public sealed class MongoOutboxHostileTests(MongoDbServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private MongoOutboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> BadDocuments { get; } = new()
    {
        { """{ "subject": 1 }""", ErrorCodes.SubjectInvalid },
        { """{ "subject": { "$numberDouble": "NaN" } }""", ErrorCodes.SubjectInvalid },
        { """{ "subject": ["orders.placed"] }""", ErrorCodes.SubjectInvalid },
        { """{ "subject": null }""", ErrorCodes.SubjectInvalid },
        { """{ "subject": "orders..placed" }""", ErrorCodes.SubjectInvalid },
        { """{ "payload": { "orderId": 1 } }""", ErrorCodes.PayloadInvalid },
        { """{ "payload": { "$binary": { "base64": "AAAA", "subType": "00" } } }""", ErrorCodes.PayloadInvalid },
        { """{ "payload": null }""", ErrorCodes.PayloadInvalid },
        { """{ "headers": "a: b" }""", ErrorCodes.HeadersInvalid },
        { """{ "headers": { "a": 1 } }""", ErrorCodes.HeadersInvalid },
        { """{ "headers": { "a": { "b": "c" } } }""", ErrorCodes.HeadersInvalid },
        { """{ "headers": { "": "empty" } }""", ErrorCodes.HeadersInvalid },
        { """{ "headers": { "Nats-Msg-Id": "x" } }""", ErrorCodes.HeadersInvalid },
        { """{ "orderingKey": 5, "orderNumber": 1 }""", ErrorCodes.OrderingKeyInvalid },
        { """{ "orderingKey": "k" }""", ErrorCodes.OrderingKeyInvalid },
        { """{ "orderingKey": "k", "orderNumber": "1" }""", ErrorCodes.OrderingKeyInvalid },
        { """{ "orderingKey": "k", "orderNumber": { "$numberDouble": "1.5" } }""", ErrorCodes.OrderingKeyInvalid },
        { """{ "orderingKey": "k", "orderNumber": { "$numberDouble": "NaN" } }""", ErrorCodes.OrderingKeyInvalid },
        { """{ "orderingKey": "k", "orderNumber": -3 }""", ErrorCodes.OrderingKeyInvalid },
        { """{ "result": { "id": 1 } }""", ErrorCodes.FieldInvalid },
        { """{ "result": "not JSON" }""", ErrorCodes.FieldInvalid },
        { """{ "enqueuedAt": "yesterday" }""", ErrorCodes.FieldInvalid },
        { """{ "enqueuedAt": 1767225600000 }""", ErrorCodes.FieldInvalid },
        { """{ "availableAt": "now" }""", ErrorCodes.FieldInvalid },
        { """{ "availableAt": { "$numberDouble": "Infinity" } }""", ErrorCodes.FieldInvalid },
    };

    public async ValueTask InitializeAsync() => _store = await MongoOutboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [MemberData(nameof(BadDocuments))]
    public async Task A_document_with_a_wrong_type_is_claimed_to_be_parked_and_its_neighbours_as_ever(string fields, string code)
    {
        await _store.WriteAsync(Row("bad").Merge(BsonDocument.Parse(fields), overwriteExistingElements: true));
        await _store.WriteAsync(Row("good"));

        var claims = (await ClaimAllAsync()).ToDictionary(claim => claim.EventId);

        Assert.Equal((2, code), (claims.Count, claims["bad"].Violation?.Code));
        Assert.Null(claims["bad"].Event);
        Assert.NotNull(claims["good"].Event);
        Assert.Equal(1, (await _store.Repository.ParkAsync([new("bad", claims["bad"].Token, 1, code, "no")], Ct)).Applied);
        Assert.Equal(OutboxStatus.Failed, (await _store.Repository.FindAsync("bad", Ct))!.Status);
    }

    [Fact]
    public async Task What_the_system_counts_in_may_be_anything()
    {
        BsonValue[] wrongs = [double.NaN, "many", BsonNull.Value, long.MaxValue, new BsonArray { 1 }, new BsonDocument()];
        foreach (var (i, wrong) in wrongs.Index())
        {
            await _store.WriteAsync(Row($"e-{i}").Set("attempts", wrong).Set("unfinished", i == 3 ? 0 : wrong).Set("errorMessage", wrong));
        }

        var claims = await ClaimAllAsync();

        Assert.Equal(6, claims.Count);
        Assert.All(claims, claim => Assert.Null(claim.Violation));
        Assert.Equal(6, (await _store.Repository.MarkSentAsync([.. claims.Select(claim => new OutboxMark(claim.EventId, claim.Token))], Ct)).Applied);
    }

    [Fact]
    public async Task Fields_that_nobody_knows_stay_where_they_are_and_never_travel()
    {
        await _store.WriteAsync(Row("e-1").Set("note", new string('n', 15_000_000)).Set("$odd.name", 1));
        var claim = Assert.Single(await ClaimAllAsync());
        Assert.Equal((null, 2L), (claim.Violation, claim.Bytes));
        Assert.Equal(1, (await _store.Repository.MarkSentAsync([new("e-1", claim.Token)], Ct)).Applied);
        Assert.Equal(15_000_000, (await _store.ReadAsync("e-1"))!["note"].Length);
    }

    [Fact]
    public async Task Header_names_with_dots_and_dollars_come_out_as_they_went_in()
    {
        await _store.WriteAsync(Row("e-1").Set("headers", new BsonDocument { { "a.b", "1" }, { "$c", "2" }, { "$.d", "3" } }));
        var claim = Assert.Single(await ClaimAllAsync());
        Assert.Equal(
            new Dictionary<string, string> { ["a.b"] = "1", ["$c"] = "2", ["$.d"] = "3" }, claim.Event!.Headers.ToDictionary());
    }

    [Fact]
    public async Task Text_that_looks_like_a_field_of_the_server_stays_text()
    {
        foreach (var text in new[] { "$$NOW", "$payload", "$$ROOT", "{\"$set\":1}" })
        {
            var written = Sample.Event(payload: text) with { Result = "\"$$REMOVE\"", OrderingKey = "$orderingKey" };
            await _store.Repository.FindOrCreateAsync(written, Ct);
            var claim = Assert.Single(await ClaimAllAsync());
            Assert.Equal((text, "\"$$REMOVE\"", "$orderingKey"), (claim.Event!.Payload, claim.Event.Result, claim.Event.OrderingKey));
            await _store.Repository.RetryAsync([new(claim.EventId, claim.Token, 1, TimeSpan.Zero, "publish.unknown", "$$ROOT")], Ct);
            Assert.Equal("$$ROOT", (await _store.Repository.FindAsync(claim.EventId, Ct))!.ErrorMessage);
            claim = Assert.Single(await ClaimAllAsync());
            await _store.Repository.MarkSentAsync([new(claim.EventId, claim.Token)], Ct);
        }
    }

    [Fact]
    public async Task A_document_that_is_not_the_contracts_by_its_id_or_its_time_is_parked_by_reconcile()
    {
        await _store.WriteAsync(Row("far").Set("availableAt", new BsonDateTime(253_402_300_900_000)));
        await _store.WriteAsync(Row("further").Set("availableAt", new BsonDateTime(long.MaxValue)));
        await _store.WriteAsync(Row("clock").Set("availableAt", new BsonTimestamp(5, 1)));
        var id = ObjectId.GenerateNewId();
        await _store.WriteAsync(Row("object").Set("_id", id));
        await _store.WriteAsync(Row("good"));
        Assert.Equal(["good"], (await ClaimAllAsync()).Select(claim => claim.EventId));

        for (string? cursor = null; ;)
        {
            var page = await _store.Repository.ReconcileAsync(TimeSpan.FromMinutes(5), cursor, 2, Ct);
            if ((cursor = page.Cursor) is null)
            {
                break;
            }
        }

        foreach (var eventId in new[] { "far", "further", "clock" })
        {
            var row = (await _store.Repository.FindAsync(eventId, Ct))!;
            Assert.Equal((eventId, OutboxStatus.Failed, ErrorCodes.FieldInvalid), (row.Event.EventId, row.Status, row.ErrorCode));
        }

        var parked = await _store.Database.Raw(_store.Database.Options.OutboxCollection).Find(new BsonDocument("_id", id)).SingleAsync(Ct);
        Assert.Equal(("failed", ErrorCodes.EventIdInvalid), (parked["status"].AsString, parked["errorCode"].AsString));
    }

    [Fact]
    public async Task A_document_whose_status_is_no_text_is_counted_and_never_touched()
    {
        await _store.WriteAsync(Row("e-1").Set("status", 5));
        await _store.WriteAsync(Row("e-2").Set("status", new BsonDocument("$odd", "pending")));
        Assert.Empty(await ClaimAllAsync());
        await _store.Repository.ReconcileAsync(TimeSpan.Zero, null, 100, Ct);
        Assert.Equal(2, (await _store.Repository.GetCountByStatusAsync(Ct))[""]);
    }

    private static BsonDocument Row(string eventId) =>
        new() { { "_id", eventId }, { "subject", "orders.placed" }, { "payload", "{}" }, { "status", "pending" } };

    private Task<IReadOnlyList<OutboxClaim>> ClaimAllAsync() => _store.Repository.ClaimAsync(100, Lease, Ct);
}
