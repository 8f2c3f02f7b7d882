using System.Data.Common;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Conformance;

/// <content>Handlers, and tasks of theirs, that go on when their time is over.</content>
public abstract partial class SqlInboxTransactionConformance
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handler_that_is_left_behind_can_commit_nothing_later_and_keeps_its_connection_to_itself(bool inACommand)
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        long connection = 0;
        var handler = new Handler<string>(async (_, context, _) =>
        {
            try
            {
                var transaction = await Store.GetTransactionAsync(context.Transaction, CancellationToken.None);
                connection = Store.ConnectionOf(transaction);
                await Store.EnlistEffectAsync(context.Transaction, "a");
                if (inACommand)
                {
                    await Store.ExecuteAsync(context.Transaction, Store.Sleep);
                }

                await goOn.Task;
                await Assert.ThrowsAsync<ObjectDisposedException>(
                    () => Store.GetTransactionAsync(context.Transaction, CancellationToken.None));
                Assert.Throws<ObjectDisposedException>(() => context.Transaction.Emit(Sample.Event()));
                await transaction.CommitAsync(CancellationToken.None);
                ended.SetResult(null);
            }
            catch (Exception e)
            {
                ended.SetResult(e);
            }
        });

        var outcome = Assert.Single(await Consumer(handler).ConsumeAsync(
            [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromSeconds(2), TimeProvider.System), Ct));

        Assert.Equal(ErrorCodes.HandlerDeadline, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode);
        await Store.ConnectionIsGoneAsync(connection);
        await Store.AssertPoolIsSoundAsync();
        goOn.SetResult();
        Assert.IsType<DbException>(await ended.Task, exactMatch: false);
        Assert.Equal(0, await Store.EffectsAsync("a"));
        await Store.AssertPoolIsSoundAsync();

        // The next delivery does it.
        var next = new Handler<string>(async (_, context, _) => await Store.EnlistEffectAsync(context.Transaction, "a"));
        Assert.IsType<MessageOutcome.Processed>(Assert.Single(await Consumer(next).ConsumeAsync(
            [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct)));
        Assert.Equal(1, await Store.EffectsAsync("a"));
    }

    [Fact]
    public async Task A_connection_that_a_task_of_the_handler_still_uses_does_not_go_back_to_the_pool()
    {
        Task background;
        long connection;
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            await Store.EnlistEffectAsync(transaction, "a");
            connection = Store.ConnectionOf(await Store.GetTransactionAsync(transaction, Ct));
            background = Store.ExecuteAsync(transaction, Store.Sleep);
        }

        await Assert.ThrowsAnyAsync<Exception>(() => background);
        if (Store.EndsConnectionInUse)
        {
            await Store.ConnectionIsGoneAsync(connection);
        }

        await Store.AssertPoolIsSoundAsync();
        await Store.AssertNothingHappenedAsync();
    }

    private InboxConsumer Consumer(Handler<string> handler) => new(
        Store.Repository,
        new HandlerRegistry("billing").AddRaw("orders.placed", handler),
        new ConsumerOptions { MinimumHandlerTime = TimeSpan.FromMilliseconds(10) },
        TimeProvider.System,
        SystemEntropy.Instance,
        NullLogger<InboxConsumer>.Instance);
}
