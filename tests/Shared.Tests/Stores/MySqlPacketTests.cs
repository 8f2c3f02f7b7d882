using System.Globalization;
using System.Text.Json.Serialization;
using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.MySql;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// A server takes statements of <c>max_allowed_packet</c> bytes, and ends the connection of a client that sends a larger one: what is
/// larger is split, or refused before it is sent.
/// </summary>
public sealed partial class MySqlPacketTests(MySqlSmallPackets small) : IClassFixture<MySqlSmallPackets>, IAsyncLifetime
{
    private static readonly string TooLong = new('x', MySqlSmallPackets.Limit);

    private MySqlInboxHarness _store = null!;
    private MySqlOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await MySqlInboxHarness.CreateAsync(small.Server);
        _writer = new(_store.Schema.DataSource, _store.Schema.Options);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData("mysql")]
    [InlineData("wrapped")]
    [InlineData("many")]
    public async Task An_event_that_is_too_large_is_refused_with_both_numbers_and_the_transaction_goes_on(string way)
    {
        await InTransactionAsync(async transaction =>
        {
            await _writer.EnqueueAsync(Sample.Event("before"), transaction, Ct);
            AssertNamesBoth(await Assert.ThrowsAsync<RowContractException>(() => way switch
            {
                "mysql" => _writer.EnqueueAsync(Sample.Event(payload: TooLong), transaction, Ct),
                "wrapped" => _writer.EnqueueAsync(Sample.Event(payload: TooLong), new WrappedTransaction(transaction), Ct),
                _ => _writer.EnqueueManyAsync([Sample.Event(), Sample.Event(payload: TooLong)], transaction, Ct),
            }));
        });

        Assert.Equal("before", Assert.Single(await _store.Outbox.FindPendingAsync(10, Ct)).Event.EventId);
    }

    [Fact]
    public async Task An_operation_whose_event_is_too_large_is_not_called_and_one_whose_result_is_too_large_leaves_nothing()
    {
        var calls = 0;
        AssertNamesBoth(await Assert.ThrowsAsync<RowContractException>(
            () => _writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(calls++), TooLong, "orders.placed", cancellationToken: Ct)));
        Assert.Equal(0, calls);

        AssertNamesBoth(await Assert.ThrowsAsync<RowContractException>(() => _writer.ExecuteWithOutboxAsync(
            async (transaction, _) =>
            {
                await using var effect = new MySqlCommand(
                    _store.Schema.Fill("INSERT INTO {{schema}}.effects VALUES ('a', 1)"), transaction.Connection, transaction);
                await effect.ExecuteNonQueryAsync(Ct);
                return TooLong;
            },
            "{}",
            "orders.placed",
            PacketJson.Default.String,
            Ct)));
        Assert.Equal(0, await _store.EffectsAsync("a"));
        Assert.Empty(await _store.Outbox.FindPendingAsync(10, Ct));
    }

    [Fact]
    public async Task An_event_that_is_too_large_is_not_created()
    {
        AssertNamesBoth(await Assert.ThrowsAsync<RowContractException>(
            () => _store.Outbox.FindOrCreateAsync(Sample.Event(payload: TooLong), Ct)));
        Assert.Empty(await _store.Outbox.FindPendingAsync(10, Ct));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("'")]
    [InlineData("\\")]
    [InlineData("\0")]
    [InlineData("é")]
    [InlineData("\U0001F680")]
    public async Task The_largest_event_that_is_not_refused_is_taken(string unit)
    {
        var insert = new OutboxInsert(_store.Schema.Options);
        var room = MySqlSmallPackets.Limit - insert.SizeWithoutRows - insert.SizeOf(Sample.Event(payload: ""));
        var size = StatementSize.Of(unit) - StatementSize.Of("");
        var largest = Sample.Event(payload: string.Concat(Enumerable.Repeat(unit, (int)(room / size))));
        Assert.True((await _store.Outbox.FindOrCreateAsync(largest, Ct)).Created);
        Assert.Equal(largest.Payload, (await _store.Outbox.FindAsync(largest.EventId, Ct))!.Event.Payload);
        await Assert.ThrowsAsync<RowContractException>(() => _store.Outbox.FindOrCreateAsync(Sample.Event(payload: largest.Payload + unit), Ct));
    }

    [Fact]
    public async Task A_batch_is_written_in_as_many_statements_as_it_needs_and_each_key_keeps_its_order()
    {
        var events = Enumerable.Range(0, 2000).Select(i => Sample.Event($"e-{i}", new string('\'', i % 20 == 0 ? 50_000 : 10)) with
        {
            OrderingKey = $"{i % 700}{new string('ä', 200)}",
        }).ToList();
        await InTransactionAsync(transaction => _writer.EnqueueManyAsync(events, transaction, Ct));
        var rows = await _store.Schema.QueryAsync("SELECT event_id, ordering_key FROM {{outbox}} ORDER BY key_number, row_id");
        Assert.Equal(
            events.ToLookup(e => e.OrderingKey!, e => e.EventId).OrderBy(key => key.Key, StringComparer.Ordinal).Select(key => string.Join(' ', key)),
            rows.ToLookup(row => row["ordering_key"], row => row["event_id"])
                .OrderBy(key => key.Key, StringComparer.Ordinal).Select(key => string.Join(' ', key)));
    }

    [Fact]
    public async Task The_lock_of_a_key_is_the_servers()
    {
        foreach (var key in new[] { "k", "", "customer 7", "é\U0001F680", new string('x', 255) })
        {
            Assert.Equal(
                Convert.ToInt64(KeyLocks.BucketOf(key)),
                Convert.ToInt64(await _store.Schema.ScalarAsync("SELECT CRC32(?) & 1023", key), CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_of_a_handler_that_is_too_large_is_refused_with_both_numbers_and_nothing_is_written(bool executes)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            Effect(transaction, executes);
            transaction.Emit(Sample.Event("emitted", TooLong));
            AssertNamesBoth(await Assert.ThrowsAsync<RowContractException>(() => transaction.CommitAsync(Ct)));
        }

        await _store.AssertNothingHappenedAsync();
        await _store.AssertPoolIsSoundAsync();
        Assert.True(await _store.Repository.MarkProcessedAsync(claim, Ct));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task What_a_handler_writes_in_many_messages_commits_together_or_not_at_all(bool executes, bool holds)
    {
        var claim = await ClaimAsync();
        await using (var transaction = await _store.Repository.BeginAsync(claim, Ct))
        {
            Effect(transaction, executes);
            foreach (var i in Enumerable.Range(0, 30))
            {
                transaction.Emit(Sample.Event($"e-{i}", new string('x', 50_000)) with { OrderingKey = $"{i % 3}" });
                _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES (?, LENGTH(?))", $"long-{i}", new string('x', 50_000));
            }

            if (!holds)
            {
                await _store.PassAsync(TimeSpan.FromMinutes(2));
                await _store.Repository.ResetStaleAsync(TimeSpan.Zero, null, 10, Ct);
            }

            Assert.Equal(holds ? CommitOutcome.Committed : CommitOutcome.ClaimLost, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(holds ? 30 : 0, (await _store.Outbox.FindPendingAsync(100, Ct)).Count);
        Assert.Equal((holds ? 1 : 0, holds ? 50_000 : 0), (await _store.EffectsAsync("a"), await _store.EffectsAsync("long-29")));
        await _store.AssertPoolIsSoundAsync();
    }

    [Theory]
    [InlineData(AfterSending.Keep)]
    [InlineData(AfterSending.Delete)]
    public async Task Marks_are_written_in_as_many_statements_as_they_need(AfterSending afterSending)
    {
        const int Rows = 400;
        await using var store = await MySqlOutboxHarness.CreateAsync(small.Server, new MySqlOptions { AfterSending = afterSending });
        var writer = new MySqlOutboxWriter(store.Schema.DataSource, store.Schema.Options);
        await InTransactionAsync(transaction => writer.EnqueueManyAsync(
            Enumerable.Range(0, Rows).Select(i => Sample.Event($"{new string('é', 200)}-{i}") with { OrderingKey = $"{new string('\'', 200)}-{i}" }),
            transaction,
            Ct));
        var claims = await ClaimAllAsync(store.Repository, Rows);
        var retried = await store.Repository.RetryAsync(
            [.. claims.Select((claim, i) => new RetryMark(claim.EventId, claim.Token, 1, TimeSpan.Zero, "code", $"{i}{new string('é', 900)}"))], Ct);
        Assert.Equal((Rows, 0, 0), (retried.Applied, retried.Late.Count, retried.Unrecorded.Count));

        claims = await ClaimAllAsync(store.Repository, Rows);
        var late = claims[7] with { Token = claims[7].Token with { Value = "another" } };
        var sent = await store.Repository.MarkSentAsync([.. claims.Select(claim => claim.EventId == late.EventId ? late : claim).Select(ToMark)], Ct);
        Assert.Equal((Rows - 1, late.EventId), (sent.Applied, Assert.Single(sent.Late)));

        // A repeated mark knows its own work; without their numbers, the rows are found by their ids.
        if (afterSending == AfterSending.Keep)
        {
            var again = await store.Repository.MarkSentAsync(
                [.. claims.Where(claim => claim.EventId != late.EventId).Select(claim => ToMark(claim with { Token = new(claim.Token.Value) }))], Ct);
            Assert.Equal((Rows - 1, 0), (again.Applied, again.Late.Count));
        }

        var parked = await store.Repository.ParkAsync(
            [new ParkMark(late.EventId, claims[7].Token, 1, "code", new string('é', 1000))], Ct);
        Assert.Equal(1, parked.Applied);
    }

    [Fact]
    public async Task Messages_are_claimed_and_marked_in_as_many_statements_as_they_need()
    {
        InboxMessage[] messages = [.. Enumerable.Range(0, 300).Select(i => Sample.Message($"{new string('é', 200)}-{i}"))];
        var claims = await _store.Repository.ClaimAsync("billing", messages, TimeSpan.FromMinutes(1), 5, Ct);
        Assert.Equal(messages.Select(message => message.Event.EventId), claims.Cast<InboxClaim.Claimed>().Select(claim => claim.Key.EventId));
        var marked = await _store.Repository.TryMarkProcessedAsync([.. claims.Cast<InboxClaim.Claimed>()], Ct);
        Assert.Equal(300, marked.Count(isMarked => isMarked));
        Assert.All(
            await _store.Repository.ClaimAsync("billing", messages, TimeSpan.FromMinutes(1), 5, Ct),
            claim => Assert.IsType<InboxClaim.AlreadyProcessed>(claim));
        Assert.Empty(await _store.Repository.ClaimAsync("billing", [], TimeSpan.FromMinutes(1), 5, Ct));
        Assert.Empty(await _store.Repository.TryMarkProcessedAsync([], Ct));
    }

    [Fact]
    public async Task A_limit_that_was_raised_is_found_by_the_next_connection()
    {
        var outbox = _store.Outbox;
        await Assert.ThrowsAsync<RowContractException>(() => outbox.FindOrCreateAsync(Sample.Event(payload: TooLong), Ct));
        await _store.Schema.ExecuteAsync($"SET GLOBAL max_allowed_packet = {2 * MySqlSmallPackets.Limit}");
        try
        {
            await _store.Schema.DataSource.ClearAsync(Ct);
            Assert.True((await outbox.FindOrCreateAsync(Sample.Event(payload: TooLong), Ct)).Created);
        }
        finally
        {
            await _store.Schema.ExecuteAsync($"SET GLOBAL max_allowed_packet = {MySqlSmallPackets.Limit}");
        }
    }

    private static OutboxMark ToMark(OutboxClaim claim) => new(claim.EventId, claim.Token);

    private static void AssertNamesBoth(RowContractException refused)
    {
        Assert.Equal(ErrorCodes.RowTooLarge, refused.Violation.Code);
        Assert.Matches($"statement of 131[0-9]{{3}} bytes, and the server takes {MySqlSmallPackets.Limit} at most", refused.Message);
    }

    private static async Task<List<OutboxClaim>> ClaimAllAsync(IOutboxRepository outbox, int rows)
    {
        var claims = new List<OutboxClaim>();
        while (claims.Count < rows)
        {
            var some = await outbox.ClaimAsync(rows, TimeSpan.FromMinutes(1), Ct);
            Assert.NotEmpty(some);
            claims.AddRange(some);
        }

        return claims;
    }

    private void Effect(IMessageTransaction transaction, bool executes)
    {
        if (executes)
        {
            _store.EnlistEffect(transaction, "a");
        }
        else
        {
            _store.Enlist(transaction, "INSERT INTO {{schema}}.effects VALUES (?, 1)", "a");
        }
    }

    private async Task<InboxClaim.Claimed> ClaimAsync() => (InboxClaim.Claimed)(await _store.Repository.ClaimAsync(
        "billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 5, Ct)).Single();

    private async Task InTransactionAsync(Func<MySqlTransaction, Task> work)
    {
        await using var connection = await _store.Schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await work(transaction);
        await transaction.CommitAsync(Ct);
    }

    [JsonSerializable(typeof(string))]
    private sealed partial class PacketJson : JsonSerializerContext;
}
