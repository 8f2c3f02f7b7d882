using System.Data.Common;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A connection that is cut around the commit of a business operation and its event.</summary>
public abstract class SqlOutboxWriterCommitConformance : IAsyncLifetime
{
    private SqlWriterHarness? _harness;
    private WireProxy _proxy = null!;
    private SqlWriter _writer = null!;

    private protected SqlWriterHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _harness = await CreateHarnessAsync();
        _proxy = _harness.CreateProxy();
        _writer = _harness.CreateWriter(_proxy);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _writer.DisposeAsync();
        await _proxy.DisposeAsync();
        await Store.DisposeAsync();
    }

    private protected abstract Task<SqlWriterHarness> CreateHarnessAsync();

    [Theory]
    [InlineData(WireProxy.Moment.NotSent, 0L)]
    [InlineData(WireProxy.Moment.Answered, 1L)]
    public async Task The_outcome_is_said_to_be_unknown_both_are_there_or_neither_and_the_same_call_again_finds_out(
        WireProxy.Moment moment, long written)
    {
        _proxy.CutOnce(Store.Commit, moment);
        var placed = _writer.NewEvent("orders.placed", "{}");

        var unknown = await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(placed));

        Assert.Equal(placed.EventId, unknown.EventId);
        Assert.Contains("outcome is unknown", unknown.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<DbException>(unknown.InnerException);
        await EventuallyAsync(written, written);
        if (written == 0)
        {
            Assert.Equal(1, await PlaceAsync(placed));
        }
        else
        {
            // Exactly the same call, and one whose operation does not stand in its own way.
            foreach (var order in new[] { "o-1", "another" })
            {
                var done = await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => PlaceAsync(placed, order));
                Assert.Equal(placed.EventId, done.EventId);
            }

            await Assert.ThrowsAsync<EventIdConflictException>(() => PlaceAsync(placed with { Payload = "{\"other\":1}" }, order: "another"));
        }

        await EventuallyAsync(1, 1);
    }

    [Fact]
    public async Task A_server_that_ends_at_the_commit_leaves_the_outcome_open()
    {
        _proxy.Once(Store.Commit, WireProxy.Moment.NotSent, Store.CrashAsync);
        await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(_writer.NewEvent("orders.placed", "{}")));
        await EventuallyAsync(0, 0);
    }

    [Fact]
    public async Task A_caller_who_gives_up_during_the_commit_is_told_that_the_outcome_is_open()
    {
        using var giveUp = new CancellationTokenSource();
        _proxy.Once(Store.Commit, WireProxy.Moment.Answered, async wire =>
        {
            await giveUp.CancelAsync();
            wire.Cut();
        });
        await Assert.ThrowsAsync<CommitUnknownException>(() => PlaceAsync(_writer.NewEvent("orders.placed", "{}"), cancellationToken: giveUp.Token));
        await EventuallyAsync(1, 1);
    }

    private protected Task<int> PlaceAsync(OutboxEvent outboxEvent, string order = "o-1", CancellationToken? cancellationToken = null) =>
        _writer.RunAsync((transaction, _) => _writer.OrderAsync(transaction, order), outboxEvent, cancellationToken ?? Ct);

    private protected async Task EventuallyAsync(long orders, long rows)
    {
        await Store.SettleAsync();
        Assert.Equal((orders, rows), (await Store.OrdersAsync(), await Store.CountAsync("{{outbox}}")));
    }
}
