using System.Net;
using System.Text;
using Relaybox.DynamoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost answers, old answers and throttles: what the network adds to the races that every store has.</summary>
public sealed class DynamoDbOutboxFaultTests(DynamoDbLocal dynamoDb) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private readonly DynamoDbNetwork _faults = new();
    private DynamoDbOutboxHarness _store = null!;
    private DynamoDbOutboxRepository _repository = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await DynamoDbOutboxHarness.CreateAsync(dynamoDb);
        _repository = CreateRepository();
    }

    public async ValueTask DisposeAsync()
    {
        _faults.Dispose();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stale_index_read_claims_nothing_that_was_sent_meanwhile(bool byAnotherProcess)
    {
        await _repository.FindOrCreateAsync(Sample.Event("sent"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("gone"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("parked"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("later"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("due"), Ct);
        var old = RecordQueries();
        var claims = (await _repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId, claim => claim.Token);
        Assert.Equal(5, claims.Count);
        await _repository.MarkSentAsync([new("sent", claims["sent"])], Ct);
        await _repository.ParkAsync([new("parked", claims["parked"], 1, "publish.rejected", "no")], Ct);
        await _repository.RetryAsync([new("later", claims["later"], 1, TimeSpan.FromHours(1), null, null)], Ct);
        await _repository.RetryAsync([new("due", claims["due"], 1, TimeSpan.Zero, null, null)], Ct);
        await _store.DeleteAsync("gone");
        var sent = await _store.ReadAsync("sent");

        ReplayQueries(old);
        var again = await (byAnotherProcess ? CreateRepository() : _repository).ClaimAsync(10, Lease, Ct);

        Assert.Equal("due", Assert.Single(again).EventId);
        Assert.Equal(sent, await _store.ReadAsync("sent"));
        Assert.Null(await _store.ReadAsync("gone"));
    }

    [Fact]
    public async Task A_stale_index_read_resets_nothing_that_was_sent_or_claimed_meanwhile()
    {
        foreach (var id in new[] { "sent", "gone", "claimed-again" })
        {
            await _repository.FindOrCreateAsync(Sample.Event(id), Ct);
        }

        var old = RecordQueries();
        var claims = (await _repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId, claim => claim.Token);
        Assert.Equal(3, claims.Count);
        await _store.PassAsync(TimeSpan.FromHours(1));
        await _repository.MarkSentAsync([new("sent", claims["sent"])], Ct);
        await _store.DeleteAsync("gone");
        Assert.NotNull(await _repository.MarkAsPublishingAsync("claimed-again", Lease, Ct));
        var (sent, claimed) = (await _store.ReadAsync("sent"), await _store.ReadAsync("claimed-again"));

        ReplayQueries(old);
        for (var shard = 0; shard < _store.Options.DueShards; shard++)
        {
            Assert.Equal(0, (await _repository.ResetStaleAsync(TimeSpan.Zero, $"{shard}", 10, Ct)).Affected);
        }

        Assert.Equal(sent, await _store.ReadAsync("sent"));
        Assert.Equal(claimed, await _store.ReadAsync("claimed-again"));
        Assert.Null(await _store.ReadAsync("gone"));
    }

    [Fact]
    public async Task What_is_sent_or_claimed_again_while_stale_rows_are_read_is_not_reset()
    {
        await _repository.FindOrCreateAsync(Sample.Event("sent"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("claimed-again"), Ct);
        var claims = (await _repository.ClaimAsync(10, Lease, Ct)).ToDictionary(claim => claim.EventId, claim => claim.Token);
        await _store.PassAsync(TimeSpan.FromHours(1));
        var seen = 0;
        _faults.OnCall = async (operation, request, send) =>
        {
            var answer = await send();
            if (operation == "BatchGetItem" && request.Contains("\"sent\"", StringComparison.Ordinal))
            {
                seen++;
                await _repository.MarkSentAsync([new("sent", claims["sent"])], Ct);
            }

            if (operation == "BatchGetItem" && request.Contains("\"claimed-again\"", StringComparison.Ordinal))
            {
                seen++;
                Assert.NotNull(await _repository.MarkAsPublishingAsync("claimed-again", Lease, Ct));
            }

            return answer;
        };

        for (var shard = 0; shard < _store.Options.DueShards; shard++)
        {
            Assert.Equal(0, (await _repository.ResetStaleAsync(TimeSpan.Zero, $"{shard}", 10, Ct)).Affected);
        }

        Assert.Equal(2, seen);
        Assert.Equal("sent", (await _store.ReadAsync("sent"))!["status"]);
        Assert.Equal("publishing", (await _store.ReadAsync("claimed-again"))!["status"]);
    }

    [Fact]
    public async Task A_claim_whose_answer_is_lost_is_ours_all_the_same()
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        _faults.LoseAnswerOnce("BatchExecuteStatement");

        var claim = Assert.Single(await _repository.ClaimAsync(10, Lease, Ct));

        Assert.Equal(2, _faults.Calls.Count(call => call == "BatchExecuteStatement"));
        Assert.Equal("""{"n":1}""", claim.Event!.Payload);
        Assert.Equal(1, (await _repository.MarkSentAsync([new("e-1", claim.Token)], Ct)).Applied);
    }

    [Theory]
    [InlineData("sent")]
    [InlineData("pending")]
    [InlineData("failed")]
    public async Task A_mark_whose_answer_is_lost_held_all_the_same(string status)
    {
        var ids = Enumerable.Range(0, 30).Select(i => $"e-{i:00}").ToArray();
        foreach (var id in ids)
        {
            await _repository.FindOrCreateAsync(Sample.Event(id), Ct);
        }

        var claims = await _repository.ClaimAsync(100, Lease, Ct);
        var before = _faults.Calls.Count;
        _faults.LoseAnswerOnce("BatchExecuteStatement");

        var result = status switch
        {
            "sent" => await _repository.MarkSentAsync([.. claims.Select(c => new OutboxMark(c.EventId, c.Token))], Ct),
            "pending" => await _repository.RetryAsync(
                [.. claims.Select(c => new RetryMark(c.EventId, c.Token, 1, TimeSpan.FromSeconds(5), "publish.unknown", "x"))], Ct),
            _ => await _repository.ParkAsync([.. claims.Select(c => new ParkMark(c.EventId, c.Token, 1, "publish.rejected", "x"))], Ct),
        };

        Assert.Equal((30, 0, 0), (result.Applied, result.Late.Count, result.Unrecorded.Count));
        Assert.Equal(3, _faults.Calls.Skip(before).Count(call => call == "BatchExecuteStatement"));
        Assert.Equal(30, (await _repository.GetCountByStatusAsync(Ct))[status]);
    }

    [Fact]
    public async Task The_stream_records_own_sent_mark_whose_answer_is_lost_held_all_the_same()
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        _faults.LoseAnswerOnce("BatchExecuteStatement");
        Assert.Equal(1, (await _repository.MarkSentAsync([new("e-1", ClaimToken.None)], Ct)).Applied);
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_is_not_a_conflict()
    {
        _faults.LoseAnswerOnce("PutItem");
        var answer = await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        Assert.Equal(OutboxStatus.Pending, answer.Row.Status);
        Assert.Equal(2, _faults.Calls.Count);
    }

    [Fact]
    public async Task A_throttled_call_of_marks_is_sent_again()
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        var claim = Assert.Single(await _repository.ClaimAsync(10, Lease, Ct));
        var throttles = 4;
        _faults.OnCall = async (operation, _, send) => operation == "BatchExecuteStatement" && throttles-- > 0
            ? DynamoDbNetwork.Error(HttpStatusCode.BadRequest, "com.amazonaws.dynamodb.v20120810#ThrottlingException")
            : await send();
        Assert.Equal(1, (await _repository.MarkSentAsync([new("e-1", claim.Token)], Ct)).Applied);
    }

    [Fact]
    public async Task A_conflicting_statement_is_sent_again_and_the_others_are_not()
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("e-2"), Ct);
        var claims = await _repository.ClaimAsync(10, Lease, Ct);
        var statements = new List<int>();
        _faults.OnCall = async (operation, request, send) =>
        {
            if (operation != "BatchExecuteStatement")
            {
                return await send();
            }

            statements.Add(request.Split("\"Statement\":").Length - 1);
            return statements.Count == 1
                ? Json("""{"Responses":[{"Error":{"Code":"TransactionConflict","Message":"made by a test"}},{"TableName":"t"}]}""")
                : await send();
        };

        var result = await _repository.MarkSentAsync([.. claims.Select(c => new OutboxMark(c.EventId, c.Token))], Ct);

        Assert.Equal((2, 0), (result.Applied, result.Unrecorded.Count));
        Assert.Equal([2, 1], statements);
    }

    [Fact]
    public async Task A_statement_that_the_service_refuses_is_unrecorded_and_its_neighbour_held()
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("e-2"), Ct);
        var claims = await _repository.ClaimAsync(10, Lease, Ct);
        _faults.OnCall = async (operation, _, send) => operation == "BatchExecuteStatement"
            ? Json("""{"Responses":[{"TableName":"t"},{"Error":{"Code":"ValidationError","Message":"made by a test"}}]}""")
            : await send();
        var result = await _repository.MarkSentAsync([.. claims.Select(c => new OutboxMark(c.EventId, c.Token))], Ct);
        Assert.Equal((1, 0), (result.Applied, result.Late.Count));
        Assert.Equal([claims[1].EventId], result.Unrecorded);
    }

    [Fact]
    public async Task One_rows_trouble_does_not_cost_the_others_their_claims()
    {
        for (var i = 0; i < 5; i++)
        {
            await _repository.FindOrCreateAsync(Sample.Event($"e-{i}"), Ct);
        }

        _faults.OnCall = (operation, request, send) =>
            operation == "BatchExecuteStatement" ? Task.FromResult(Json(AnswerWithTrouble(request, "e-2"))) : send();
        Assert.Equal(["e-0", "e-1", "e-3", "e-4"], (await _repository.ClaimAsync(10, Lease, Ct)).Select(claim => claim.EventId).Order());

        // Where nothing can be claimed at all, that is an error and not an empty outbox.
        await Assert.ThrowsAnyAsync<Exception>(() => _repository.ClaimAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_connection_that_breaks_costs_only_its_own_call_of_marks()
    {
        for (var i = 0; i < 60; i++)
        {
            await _repository.FindOrCreateAsync(Sample.Event($"e-{i:00}"), Ct);
        }

        var claims = (await _repository.ClaimAsync(100, Lease, Ct)).OrderBy(claim => claim.EventId).ToList();
        _faults.OnCall = (operation, request, send) =>
            operation == "BatchExecuteStatement" && request.Contains("\"e-30\"", StringComparison.Ordinal)
                ? throw new HttpRequestException("made by a test")
                : send();

        var result = await _repository.MarkSentAsync([.. claims.Select(c => new OutboxMark(c.EventId, c.Token))], Ct);

        Assert.Equal((35, 25, 0), (result.Applied, result.Unrecorded.Count, result.Late.Count));
        Assert.Contains("e-30", result.Unrecorded);
    }

    [Fact]
    public async Task A_connection_that_breaks_costs_only_the_claims_of_its_own_call()
    {
        for (var i = 0; i < 60; i++)
        {
            await _repository.FindOrCreateAsync(Sample.Event($"e-{i:00}"), Ct);
        }

        _faults.OnCall = (operation, request, send) =>
            operation == "BatchExecuteStatement" && request.Contains("\"e-30\"", StringComparison.Ordinal)
                ? throw new HttpRequestException("made by a test")
                : send();
        var claims = await _repository.ClaimAsync(100, Lease, Ct);
        Assert.InRange(claims.Count, 35, 50);
        Assert.DoesNotContain("e-30", claims.Select(claim => claim.EventId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_row_that_was_in_other_hands_since_it_was_read_is_not_claimed(bool cameBack)
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        var other = _store.CreateRepository();
        OutboxClaim? theirs = null;
        _faults.OnCall = async (operation, _, send) =>
        {
            if (operation == "BatchExecuteStatement" && theirs is null)
            {
                theirs = Assert.Single(await other.ClaimAsync(10, Lease, Ct));
                if (cameBack)
                {
                    await other.RetryAsync([new("e-1", theirs.Token, 1, TimeSpan.FromMilliseconds(1), "publish.unknown", "x")], Ct);
                }
            }

            return await send();
        };

        var ours = await _repository.ClaimAsync(10, Lease, Ct);

        Assert.NotNull(theirs);
        if (cameBack)
        {
            // Found again by its new due time, with the attempt that it has cost.
            Assert.All(ours, claim => Assert.Equal(1, claim.Attempts));
        }
        else
        {
            Assert.Empty(ours);
            Assert.Equal(1, (await other.MarkSentAsync([new("e-1", theirs.Token)], Ct)).Applied);
        }
    }

    [Fact]
    public async Task Rows_that_the_service_did_not_get_to_read_are_read_again()
    {
        await _repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        await _repository.FindOrCreateAsync(Sample.Event("e-2"), Ct);
        var busy = 3;
        _faults.OnCall = async (operation, request, send) => operation == "BatchGetItem" && busy-- > 0
            ? Json($$"""{"Responses":{"{{_store.Options.TableName}}":[]},"UnprocessedKeys":{{KeysOf(request)}}}""")
            : await send();
        Assert.Equal(2, (await _repository.ClaimAsync(10, Lease, Ct)).Count);
        Assert.Equal(4, _faults.Calls.Count(call => call == "BatchGetItem"));

        static string KeysOf(string request) => System.Text.Json.Nodes.JsonNode.Parse(request)!["RequestItems"]!.ToJsonString();
    }

    private DynamoDbOutboxRepository CreateRepository() => _store.CreateRepository(dynamoDb.CreateClient(configuration =>
    {
        _faults.Into(configuration);
        configuration.MaxErrorRetry = 2;
    }));

    // Every statement is applied, but for those of one row.
    private static string AnswerWithTrouble(string request, string eventId)
    {
        var statements = System.Text.Json.Nodes.JsonNode.Parse(request)!["Statements"]!.AsArray();
        var responses = statements.Select(
            statement => statement!.ToJsonString().Contains($"\"{eventId}\"", StringComparison.Ordinal)
                ? """{"Error":{"Code":"InternalServerError","Message":"made by a test"}}"""
                : """{"TableName":"t"}""");
        return $$"""{"Responses":[{{string.Join(",", responses)}}]}""";
    }

    private List<(string Request, byte[] Answer)> RecordQueries()
    {
        var recorded = new List<(string, byte[])>();
        _faults.OnCall = async (operation, request, send) =>
        {
            var answer = await send();
            if (operation == "Query")
            {
                await answer.Content.LoadIntoBufferAsync();
                var bytes = await answer.Content.ReadAsByteArrayAsync();
                lock (recorded)
                {
                    recorded.Add((Shard(request), bytes));
                }
            }

            return answer;
        };
        return recorded;
    }

    private void ReplayQueries(List<(string Shard, byte[] Answer)> old)
    {
        Assert.NotEmpty(old);
        _faults.OnCall = (operation, request, send) => operation == "Query"
            ? Task.FromResult(Json(Encoding.UTF8.GetString(old.First(entry => entry.Shard == Shard(request)).Answer)))
            : send();
    }

    private static string Shard(string request)
    {
        using var json = System.Text.Json.JsonDocument.Parse(request);
        return json.RootElement.GetProperty("ExpressionAttributeValues").GetProperty(":shard").GetProperty("S").GetString()!;
    }

    private static HttpResponseMessage Json(string body) => new(HttpStatusCode.OK)
    {
        Content = new StringContent(body, Encoding.UTF8, "application/x-amz-json-1.0"),
    };
}
