using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Inbox;

// Messages whose handlers enlisted nothing are marked together, and each still has an outcome of its own.
public partial class InboxConsumerTests
{
    [Fact]
    public async Task Marks_that_come_while_others_are_written_are_written_together()
    {
        var gate = new TaskCompletionSource();
        _inbox.MarksTogether = true;
        _inbox.MarkGate = gate.Task;
        Add("orders.>");

        var consuming = ConsumeAsync([.. Enumerable.Range(0, 10).Select(i => Sample.Message($"e-{i}"))]);
        await Eventually.TrueAsync(() => _inbox.ClosedEmpty == 10, "all handlers have ended");
        gate.SetResult();

        Assert.All(await consuming, outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
        Assert.Equal(10, _inbox.MarkSizes.Sum());
        Assert.InRange(_inbox.MarkSizes.Count, 1, 9);
    }

    [Fact]
    public async Task Nobody_waits_for_the_mark_of_a_slower_handler()
    {
        var gate = new TaskCompletionSource();
        _inbox.MarksTogether = true;
        Add("orders.>", (_, context, _) => context.EventId == "slow" ? gate.Task : Task.CompletedTask);

        var consuming = ConsumeAsync(Sample.Message("a"), Sample.Message("slow"), Sample.Message("b"));
        await Eventually.TrueAsync(
            async () => await _inbox.IsProcessedAsync("default", "a", Ct) && await _inbox.IsProcessedAsync("default", "b", Ct),
            "the marks of a and b");
        Assert.False(await _inbox.IsProcessedAsync("default", "slow", Ct));

        gate.SetResult();
        Assert.All(await consuming, outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
    }

    [Fact]
    public async Task A_claim_that_was_lost_is_lost_among_others_too()
    {
        _inbox.MarksTogether = true;
        Add("orders.>", (_, context, _) =>
        {
            if (context.EventId == "b")
            {
                _inbox.TakeOver("default", "b");
            }

            return Task.CompletedTask;
        });

        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("b"), Sample.Message("c"));

        Assert.IsType<MessageOutcome.Processed>(outcomes[0]);
        Assert.Equal(ErrorCodes.ClaimLost, Assert.IsType<MessageOutcome.Retry>(outcomes[1]).ErrorCode);
        Assert.IsType<MessageOutcome.Processed>(outcomes[2]);
    }

    [Fact]
    public async Task Where_marking_together_fails_each_message_is_marked_alone()
    {
        _inbox.MarksTogether = true;
        _inbox.TogetherFailure = new InvalidOperationException();
        Add("orders.>");
        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("b"));
        Assert.All(outcomes, outcome => Assert.IsType<MessageOutcome.Processed>(outcome));
        Assert.NotEmpty(_inbox.MarkSizes);
    }

    [Fact]
    public async Task What_a_handler_emitted_is_never_left_to_a_mark_without_it()
    {
        _inbox.MarksTogether = true;
        Add("orders.>", (_, context, _) =>
        {
            context.Transaction.Emit(new OutboxEvent { EventId = $"of-{context.EventId}", Subject = "mails.sent", Payload = "{}" });
            return Task.CompletedTask;
        });
        await ConsumeAsync(Sample.Message("a"), Sample.Message("b"));
        Assert.Equal(["of-a", "of-b"], _inbox.Emitted.Select(e => e.EventId).Order());
        Assert.Empty(_inbox.MarkSizes);
    }

    [Fact]
    public async Task A_message_that_fails_fails_alone_among_marks_that_are_written_together()
    {
        _inbox.MarksTogether = true;
        Add("orders.>", (_, context, _) => context.EventId == "b" ? throw new InvalidOperationException() : Task.CompletedTask);
        var outcomes = await ConsumeAsync(Sample.Message("a"), Sample.Message("b"), Sample.Message("c"));
        Assert.Equal(
            [typeof(MessageOutcome.Processed), typeof(MessageOutcome.Retry), typeof(MessageOutcome.Processed)],
            outcomes.Select(outcome => outcome.GetType()));
    }
}
