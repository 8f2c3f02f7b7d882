using System.Data.Common;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <content>What a writer says of an id that is taken: by the same event, by another, or by nobody knows which.</content>
public abstract partial class SqlOutboxWriterConformance
{
    public static TheoryData<string> Ways { get; } = ["driver", "wrapped", "many", "operation"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_id_that_is_taken_is_an_error_that_names_it_and_nothing_is_written(string way)
    {
        await Store.Outbox.FindOrCreateAsync(Sample.Event("taken", "first"), Ct);
        var second = Sample.Event("taken", "second");
        var error = await Assert.ThrowsAsync<EventIdConflictException>(() => way == "operation"
            ? Writer.RunAsync((transaction, _) => Writer.OrderAsync(transaction, "o-1"), second)
            : Writer.InTransactionAsync(async transaction =>
            {
                await Writer.OrderAsync(transaction, "o-1");
                await WriteAsync(way, way == "many" ? [Sample.Event(), second] : [second], transaction);
            }));
        Assert.Equal("taken", error.EventId);
        Assert.Equal("first", (await Store.Outbox.FindAsync("taken", Ct))!.Event.Payload);
        Assert.Equal(0L, await Store.OrdersAsync());
        Assert.Equal(1, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task The_same_event_again_is_told_from_another_with_its_id(string way)
    {
        await WriteAsync(way, [Sample.Event("e-1", "first")]);

        var same = await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => WriteAsync(way, [Sample.Event("e-1", "first")]));
        var other = await Assert.ThrowsAsync<EventIdConflictException>(() => WriteAsync(way, [Sample.Event("e-1", "second")]));
        await Assert.ThrowsAsync<EventIdConflictException>(() => WriteAsync(way, [Sample.Event("e-1", "first", "orders.other")]));

        Assert.Equal(("e-1", "e-1"), (same.EventId, other.EventId));
        Assert.IsAssignableFrom<DbException>(same.InnerException);
        Assert.Equal(1L, await Store.CountAsync("{{outbox}}"));
    }

    [Fact]
    public async Task Ids_that_differ_in_case_or_by_blanks_are_other_events()
    {
        string[] ids = ["a1", "A1", "á1", "a1 ", "a1\u0301", "ａ1"];
        foreach (var id in ids)
        {
            await WriteAsync("driver", [Sample.Event(id, payload: id)]);
        }

        foreach (var id in ids)
        {
            Assert.Equal(id, (await Store.Outbox.FindAsync(id, Ct))!.Event.Payload);
        }
    }

    [Fact]
    public async Task Of_many_events_all_are_there_or_one_is_another_or_it_is_not_known()
    {
        // In two statements, so that the second has to be looked at, too.
        var events = Enumerable.Range(0, 1500).Select(i => Sample.Event($"e-{i}")).ToList();
        await WriteAsync("many", events);

        await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => WriteAsync("many", events));
        var conflict = await Assert.ThrowsAsync<EventIdConflictException>(
            () => WriteAsync("many", [.. events[..^1], events[^1] with { Payload = "other" }]));
        Assert.Equal("e-1499", conflict.EventId);
        Assert.Null((await Assert.ThrowsAsync<EventIdTakenException>(() => WriteAsync("many", [.. events, Sample.Event("new")]))).EventId);
        await Assert.ThrowsAsync<EventIdTakenException>(() => WriteAsync("many", [Sample.Event("twice"), Sample.Event("twice")]));
    }

    [Fact]
    public async Task Who_may_not_compare_is_told_that_it_is_not_known_and_one_connection_is_enough()
    {
        await using var writer = await Store.CreateInsertingWriterAsync(mostConnections: 1);
        Task<int> Write() => writer.RunAsync((_, _) => Task.FromResult(1), Sample.Event("e-1"));
        await Write();
        Assert.Equal(typeof(EventIdTakenException), (await Assert.ThrowsAnyAsync<EventIdTakenException>(Write)).GetType());
        await Store.AllowToCompareAsync();
        await Assert.ThrowsAsync<EventAlreadyWrittenException>(Write);
    }

    [Fact]
    public async Task Another_constraint_of_the_operation_or_of_the_table_stays_the_error_that_it_is()
    {
        await Store.ExecuteAsync("INSERT INTO {{schema}}.orders VALUES ('o-1')");
        var refused = await Assert.ThrowsAnyAsync<DbException>(
            () => Writer.RunAsync((transaction, _) => Writer.OrderAsync(transaction, "o-1"), Sample.Event("e-1")));
        Assert.True(Store.NamesConstraint(refused, "orders"), refused.Message);

        await Store.ExecuteAsync("CREATE UNIQUE INDEX one_of_each ON {{outbox}} (subject)");
        await WriteAsync("operation", [Sample.Event("e-1")]);
        foreach (var way in Ways)
        {
            refused = await Assert.ThrowsAnyAsync<DbException>(() => WriteAsync(way, [Sample.Event("e-2")]));
            Assert.True(Store.NamesConstraint(refused, "one_of_each"), refused.Message);
        }
    }

    private protected Task WriteAsync(string way, IReadOnlyList<OutboxEvent> events) => way switch
    {
        "operation" => Writer.RunAsync((_, _) => Task.FromResult(1), events[0]),
        "repository" => Store.Outbox.FindOrCreateAsync(events[0], Ct),
        _ => Writer.InTransactionAsync(transaction => WriteAsync(way, events, transaction)),
    };

    private Task WriteAsync(string way, IReadOnlyList<OutboxEvent> events, DbTransaction transaction) => way switch
    {
        "many" => Writer.EnqueueManyAsync(events, transaction),
        "wrapped" => Writer.EnqueueAsync(events[0], new WrappedTransaction(transaction)),
        _ => Writer.EnqueueAsync(events[0], transaction),
    };
}
