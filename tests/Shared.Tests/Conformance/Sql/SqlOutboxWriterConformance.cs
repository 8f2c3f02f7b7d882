using System.Data.Common;
using System.Text.Json.Serialization;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What every writer of a store in an SQL database does: derive, and make a harness.</summary>
public abstract partial class SqlOutboxWriterConformance : IAsyncLifetime
{
    private SqlWriterHarness? _harness;

    private protected SqlWriterHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    private protected SqlWriter Writer => Store.Writer;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<SqlWriterHarness> CreateHarnessAsync();

    [Fact]
    public async Task A_row_commits_with_the_apps_own_transaction()
    {
        var outboxEvent = Writer.NewEvent("orders.placed", """{ "id" : 7 }""");
        await Writer.InTransactionAsync(async transaction =>
        {
            await Writer.OrderAsync(transaction, "o-1");
            await Writer.EnqueueAsync(outboxEvent, transaction);
            Assert.Null(await Store.Outbox.FindAsync(outboxEvent.EventId, Ct));
        });

        var row = await Store.Outbox.FindAsync(outboxEvent.EventId, Ct);
        Assert.Equal((OutboxStatus.Pending, """{ "id" : 7 }"""), (row!.Status, row.Event.Payload));
        Assert.Equal(7, Guid.Parse(outboxEvent.EventId).Version);
        Assert.InRange(row.Event.EnqueuedAt!.Value, await Store.NowAsync() - TimeSpan.FromMinutes(1), await Store.NowAsync());
    }

    [Fact]
    public async Task A_row_is_not_there_where_the_apps_own_transaction_is_rolled_back()
    {
        await using var connection = await Writer.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync(Ct))
        {
            await Writer.EnqueueAsync(Sample.Event("e-1"), transaction);
            await Writer.EnqueueManyAsync([Sample.Event("e-2"), Sample.Event("e-3")], transaction);
        }

        Assert.Empty(await Store.Outbox.GetCountByStatusAsync(Ct));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Everything_that_belongs_to_an_event_is_written(bool wrapped)
    {
        var events = new List<OutboxEvent>();
        await Writer.InTransactionAsync(async transaction =>
        {
            var ado = wrapped ? new WrappedTransaction(transaction) : transaction;
            foreach (var row in Sample.AwkwardPayloads.Where(row => !row.Data.Contains('\0', StringComparison.Ordinal)))
            {
                var outboxEvent = Sample.Event(payload: row.Data) with
                {
                    Headers = new Dictionary<string, string> { ["h"] = "é \"quoted\" <b> it's", ["X-Empty"] = "" },
                    OrderingKey = "customer '7' \\",
                    EnqueuedAt = new DateTimeOffset(2026, 2, 3, 6, 5, 6, 789, TimeSpan.FromHours(2)),
                    AvailableAt = new DateTimeOffset(2026, 2, 3, 7, 5, 6, 789, TimeSpan.FromHours(2)),
                    Result = """[ 1 ]""",
                };
                await Writer.EnqueueAsync(outboxEvent, ado);
                events.Add(outboxEvent);
            }

            var minimal = Sample.Event("minimal");
            await Writer.EnqueueAsync(minimal, ado);
        });

        foreach (var written in events)
        {
            var read = (await Store.Outbox.FindAsync(written.EventId, Ct))!.Event;
            Assert.Equal(written with { Headers = read.Headers }, read);
            Assert.Equal(written.Headers.OrderBy(h => h.Key), read.Headers.OrderBy(h => h.Key));
        }

        var least = (await Store.Outbox.FindAsync("minimal", Ct))!.Event;
        Assert.Equal((null, null, null, 0), (least.OrderingKey, least.Result, least.AvailableAt, least.Headers.Count));
    }

    [Fact]
    public async Task An_operation_and_its_event_commit_together_and_the_result_travels_in_the_message()
    {
        var result = await Writer.RunAsync(
            async (transaction, _) =>
            {
                await Writer.OrderAsync(transaction, "o-1");
                return new Placed("o-1", 7);
            },
            """{ "userId" : "user123" }""",
            "USER_CREATED",
            WriterJson.Default.Placed);

        Assert.Equal(new Placed("o-1", 7), result);
        var row = Assert.Single(await Store.Outbox.FindPendingAsync(10, Ct));
        Assert.Equal(
            ("USER_CREATED", """{ "userId" : "user123" }""", """{"Id":"o-1","Number":7}"""),
            (row.Event.Subject, row.Event.Payload, row.Event.Result));
        Assert.Equal(1L, await Store.OrdersAsync());
    }

    [Fact]
    public async Task Neither_is_there_where_the_operation_throws()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Writer.RunAsync<int>(
            async (transaction, _) =>
            {
                await Writer.OrderAsync(transaction, "o-1");
                throw new InvalidDataException();
            },
            "{}",
            "orders.placed"));
        Assert.Equal(0L, await Store.OrdersAsync());
        Assert.Empty(await Store.Outbox.GetCountByStatusAsync(Ct));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    [InlineData("dispose")]
    [InlineData("sql")]
    public async Task An_operation_that_ends_the_transaction_itself_is_told_so_and_no_event_is_written(string how)
    {
        await Assert.ThrowsAsync<TransactionEndedException>(() => Writer.RunAsync(
            async (transaction, _) =>
            {
                await Writer.OrderAsync(transaction, "o-1");
                await EndAsync(transaction, how);
                return 1;
            },
            "{}",
            "orders.placed"));
        Assert.Empty(await Store.Outbox.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task An_operation_is_not_called_for_an_event_that_breaks_the_contract()
    {
        var calls = 0;
        foreach (var (payload, subject) in new[] { ("{}", "a..b"), ("half \uD800", "orders.placed") })
        {
            await Assert.ThrowsAsync<RowContractException>(() => Writer.RunAsync((_, _) => Task.FromResult(calls++), payload, subject));
        }

        Assert.Equal(0, calls);
    }

    private static async Task EndAsync(DbTransaction transaction, string how)
    {
        switch (how)
        {
            case "commit":
                await transaction.CommitAsync(Ct);
                break;
            case "rollback":
                await transaction.RollbackAsync(Ct);
                break;
            case "dispose":
                await transaction.DisposeAsync();
                break;
            default:
                await using (var command = transaction.Connection!.CreateCommand())
                {
                    command.Transaction = transaction;
                    command.CommandText = "COMMIT";
                    await command.ExecuteNonQueryAsync(Ct);
                }

                break;
        }
    }

    private sealed record Placed(string Id, int Number);

    [JsonSerializable(typeof(Placed))]
    private sealed partial class WriterJson : JsonSerializerContext;
}
