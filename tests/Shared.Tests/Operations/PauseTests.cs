using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>A part that an operator has paused, on a real store.</summary>
public sealed class PauseTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly RecordingLogger<PauseWatch> _log = new();
    private PostgresOutboxHarness _store = null!;
    private PauseStore _pauses = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private OperatorDesk Desk => new(
        _store.Repository, _store.Operations, new OperationStore(Jobs()), _pauses, _clock, SystemEntropy.Instance);

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresOutboxHarness.CreateAsync(server);
        _pauses = new PauseStore(Jobs());
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_part_is_paused_until_it_is_resumed_and_says_since_when_by_whom_and_why()
    {
        var begun = await AskAsync(OperateCommand.Pause, PausablePart.Relay, "a migration", "ann");
        var pause = Assert.Single(begun.Pauses!);
        Assert.Equal((PausablePart.Relay, "ann", "a migration"), (pause.Part, pause.Caller, pause.Reason));
        Assert.Equal(_clock.GetUtcNow(), pause.Since);

        // The first reason stays: the time counts from then.
        _clock.Advance(Minute);
        Assert.Equal(pause, Assert.Single((await AskAsync(OperateCommand.Pause, PausablePart.Relay, "again", "bob")).Pauses!));
        Assert.Equal(2, (await AskAsync(OperateCommand.Pause, PausablePart.Consumer, "too", "bob")).Pauses!.Count);
        Assert.Equal(2, (await AskAsync(OperateCommand.Status)).Pauses!.Count);

        Assert.Equal(PausablePart.Consumer, Assert.Single((await AskAsync(OperateCommand.Resume, PausablePart.Relay)).Pauses!).Part);
        Assert.Empty((await AskAsync(OperateCommand.Resume, PausablePart.Consumer)).Pauses!);
        Assert.Empty((await AskAsync(OperateCommand.Resume, PausablePart.Consumer)).Pauses!);
    }

    [Theory]
    [InlineData(true, " ", "The command needs a reason.")]
    [InlineData(false, "why", "The command needs a part: relay or consumer.")]
    public async Task A_pause_needs_a_part_and_a_reason(bool hasPart, string reason, string problem) =>
        Assert.Equal(problem, (await AskAsync(OperateCommand.Pause, hasPart ? PausablePart.Relay : null, reason)).Problem);

    [Fact]
    public async Task What_is_about_to_be_written_is_no_pause()
    {
        // As a command line that was killed between its two writes.
        Assert.NotNull(await Jobs().TryAcquireAsync("pause/relay", Minute, Ct));

        Assert.Empty((await AskAsync(OperateCommand.Status)).Pauses!);
        var second = await AskAsync(OperateCommand.Pause, PausablePart.Relay, "why");
        Assert.Contains("Try again in a moment", second.Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_has_no_time_for_more_once_its_own_part_is_paused()
    {
        var watch = new PauseWatch(_pauses, _clock, _log);
        await AskAsync(OperateCommand.Pause, PausablePart.Consumer, "another part");
        await using var run = await watch.BeginAsync(PausablePart.Relay, Ct);
        var deadline = run.Bound(WorkDeadline.After(TimeSpan.FromHours(1), _clock));
        Assert.True(deadline.HasTimeFor(Minute));
        Assert.False(run.IsPaused);

        await AskAsync(OperateCommand.Pause, PausablePart.Relay, "why");
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return run.IsPaused;
            },
            "the run to see the pause");
        Assert.False(deadline.HasTimeFor(TimeSpan.Zero));
        Assert.False(deadline.Before(Minute).HasTimeFor(TimeSpan.Zero));
        Assert.True(deadline.Remaining > Minute);

        await using var next = await watch.BeginAsync(PausablePart.Relay, Ct);
        Assert.True(next.IsPaused);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Where_a_pause_cannot_be_read_the_run_goes_on_and_says_so_once()
    {
        var watch = new PauseWatch(_pauses, _clock, _log);
        await using (var drop = _store.Schema.DataSource.CreateCommand($"ALTER TABLE {new PostgresNames(_store.Schema.Options).Jobs} RENAME TO gone"))
        {
            await drop.ExecuteNonQueryAsync(Ct);
        }

        for (var i = 0; i < 3; i++)
        {
            await using var run = await watch.BeginAsync(PausablePart.Relay, Ct);
            Assert.False(run.IsPaused);
        }

        Assert.Contains(
            "1401 Whether an operator has paused the Relay cannot be read (PostgresException)", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_ordering_key_that_waits_for_a_parked_row_is_counted_until_it_is_let_go_on()
    {
        await ParkAsync("a", "one");
        await ParkAsync("c", "two");
        await ParkAsync("d", null);
        Assert.Equal(2, (await AskAsync(OperateCommand.Continue)).BlockedKeys);

        var parked = (await _store.ParkedAsync(10)).Rows;
        await _store.Operations.ApplyAsync(RowAction.Skip, [.. parked.Where(row => row.Event.OrderingKey == "two").Select(RowVersion.Of)], Ct);
        Assert.Equal(1, (await AskAsync(OperateCommand.Continue)).BlockedKeys);
    }

    private PostgresJobStore Jobs() =>
        new(new PostgresConnections(_store.Schema.DataSource), _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);

    private Task<OperateAnswer> AskAsync(OperateCommand command, PausablePart? part = null, string? reason = null, string caller = "me") =>
        Desk.AnswerAsync(
            new OperateRequest { Command = command, Part = part, Reason = reason, Caller = caller },
            WorkDeadline.After(Minute, TimeProvider.System),
            Ct);

    private async Task ParkAsync(string eventId, string? key)
    {
        await _store.Repository.FindOrCreateAsync(Sample.Event(eventId) with { OrderingKey = key }, Ct);
        var claim = await _store.Repository.MarkAsPublishingAsync(eventId, Minute, Ct);
        Assert.Equal(1, (await _store.Repository.ParkAsync([new(eventId, claim!.Token, 3, "publish.rejected", "no")], Ct)).Applied);
    }
}
