using Relaybox.Events;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <content>Many events, their keys, and what a writer needs rights for.</content>
public abstract partial class SqlOutboxWriterConformance
{
    [Fact]
    public async Task Nothing_is_sent_where_one_of_many_breaks_the_contract()
    {
        await Writer.InTransactionAsync(async transaction =>
        {
            await Assert.ThrowsAsync<RowContractException>(
                () => Writer.EnqueueManyAsync([Sample.Event("e-1"), Sample.Event("e-2", subject: "no good")], transaction));
            await Writer.EnqueueManyAsync([], transaction);

            // The transaction is as it was.
            await Writer.EnqueueAsync(Sample.Event("e-1"), transaction);
        });
        Assert.Equal("e-1", Assert.Single(await Store.Outbox.FindPendingAsync(10, Ct)).Event.EventId);
    }

    [Fact]
    public async Task Thousands_of_events_are_written_and_each_key_keeps_its_order()
    {
        var events = Enumerable.Range(0, 5000)
            .Select(i => Sample.Event($"e-{i}", i % 100 == 0 ? new string('x', 100_000) : $"{i}") with
            {
                OrderingKey = i % 5 == 0 ? null : $"k{(i * 7) % 5}",
            })
            .ToList();

        await Writer.InTransactionAsync(transaction => Writer.EnqueueManyAsync(events, transaction));

        Assert.Equal(5000, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
        foreach (var key in events.Select(e => e.OrderingKey).OfType<string>().Distinct())
        {
            Assert.Equal(events.Where(e => e.OrderingKey == key).Select(e => e.EventId), await Store.IdsOfKeyAsync(key));
        }
    }

    [Fact]
    public async Task Transactions_that_write_the_same_keys_do_not_wait_for_each_other_in_a_circle()
    {
        var writes = Enumerable.Range(0, 8).Select(worker => Task.Run(() => Writer.InTransactionAsync(transaction =>
        {
            var keys = Enumerable.Range(0, 50).Select(k => $"k{k}");
            return Writer.EnqueueManyAsync(
                (worker % 2 == 0 ? keys : keys.Reverse()).Select(key => Sample.Event() with { OrderingKey = key }), transaction);
        })));
        await Task.WhenAll(writes);
        Assert.Equal(400, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task Batches_of_other_keys_that_share_their_locks_do_not_wait_for_each_other_in_a_circle()
    {
        var writes = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var round = 0; round < 5; round++)
            {
                var keys = Enumerable.Range(0, 300).Select(k => $"{k}-{worker}-{round}");
                await Writer.InTransactionAsync(transaction => Writer.EnqueueManyAsync(
                    keys.Select(key => Sample.Event() with { OrderingKey = key }), transaction));
            }
        }));
        await Task.WhenAll(writes);
        Assert.Equal(12_000, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task Who_writes_a_key_that_another_writes_waits_for_it_however_it_is_written()
    {
        await using var connection = await Writer.OpenAsync();
        await using var first = await connection.BeginTransactionAsync(Ct);
        await Writer.EnqueueAsync(Sample.Event("first") with { OrderingKey = "k" }, first);

        var second = Writer.InTransactionAsync(transaction => Writer.EnqueueManyAsync(
            [Sample.Event("second") with { OrderingKey = "k" }, Sample.Event() with { OrderingKey = "other" }], transaction));
        await Store.SomebodyWaitsForAKeyAsync();
        await first.CommitAsync(Ct);
        await second;

        Assert.Equal(["first", "second"], await Store.IdsOfKeyAsync("k"));
    }

    [Fact]
    public async Task Every_way_of_writing_works_with_the_right_to_insert_alone()
    {
        await using (var writer = await Store.CreateInsertingWriterAsync())
        {
            await writer.RunAsync(
                async (transaction, ct) =>
                {
                    await writer.EnqueueAsync(Sample.Event(), transaction);
                    await writer.EnqueueAsync(Sample.Event(), new WrappedTransaction(transaction));
                    await writer.EnqueueManyAsync(
                        [Sample.Event() with { OrderingKey = "k" }, Sample.Event() with { OrderingKey = "l" }], transaction);
                    await writer.OrderAsync(transaction, "o-1");
                    return 1;
                },
                "{}",
                "orders.placed");
        }

        Assert.Equal(5, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }
}
