using System.Diagnostics;
using Relaybox.Inbox;
using Relaybox.KillProbe;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// Exactly once, proven by killing the process (SIGKILL) at every step of handling a message: whatever the step, after the next delivery
/// the effects are there once, one event is emitted and one record is processed.
/// </summary>
public abstract class InboxKillConformance : IAsyncLifetime
{
    private const int Killed = 128 + 9;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract InboxHarness Harness { get; }

    /// <summary>How the program reaches the store: its connection, and its schema.</summary>
    protected abstract (string Connection, string Schema) Place { get; }

    /// <summary>The steps on the wire that the program knows.</summary>
    protected abstract IEnumerable<string> StepsOnTheWire { get; }

    /// <summary>The steps at which the tests kill it.</summary>
    protected abstract IEnumerable<string> StepsOfTheTests { get; }

    /// <summary>The steps at which it is killed among many messages.</summary>
    protected virtual IReadOnlyList<string> DeadlyAmongMany { get; } =
    [
        "commit-sent", Steps.Emitted, Steps.Written, "claim-sent", "commit-answered", "commit-not-sent", "commit-sent", Steps.Emitted,
    ];

    protected virtual int Messages => 60;

    /// <summary>How often messages that nobody kills any longer may have to be delivered.</summary>
    protected virtual int MostDeliveries => 1;

    public abstract ValueTask InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Harness.DisposeAsync();
    }

    [Fact]
    public void No_step_is_left_out() => Assert.Superset(StepsOnTheWire.ToHashSet(), StepsOfTheTests.ToHashSet());

    [Fact]
    public async Task Effects_of_many_messages_happen_once_each_however_often_the_process_is_killed_among_them()
    {
        string[] ids = [.. Enumerable.Range(0, Messages).Select(i => $"e-{i}")];
        var random = new Random(7);
        foreach (var step in DeadlyAmongMany)
        {
            random.Shuffle(ids);
            await KillAsync(step, ids);
            await Harness.PassAsync(TimeSpan.FromMinutes(2));
        }

        for (var delivery = 1; (await DeliverAsync(ids)).Contains("Retry"); delivery++)
        {
            Assert.True(delivery < MostDeliveries, "Messages are tried again and again.");
        }

        foreach (var id in ids)
        {
            Assert.Equal((2, 1, InboxStatus.Processed), await StateAsync(id));
        }

        await AssertNumbersAsync(ids.Length);
    }

    /// <summary>Kills the process at a step of a message, and delivers the message again.</summary>
    protected async Task HappensOnceAsync(string step)
    {
        var (exitCode, output) = await KillAsync(step, "e-1");
        Assert.True(exitCode == Killed, $"{exitCode}: {output}");
        var before = await StateAsync("e-1");
        Assert.True(
            step switch
            {
                "claim-not-sent" => before is (0, 0, null),
                "claim-sent" => before is (0, 0, null or InboxStatus.Processing),
                "claim-answered" => before is (0, 0, InboxStatus.Processing) || (before is (0, 0, null) && AnswersBeforeItClaims),
                "commit-sent" => before is (0, 0, InboxStatus.Processing) or (2, 1, InboxStatus.Processed),
                "commit-answered" or Steps.Consumed => before is (2, 1, InboxStatus.Processed),
                _ => before is (0, 0, InboxStatus.Processing),
            },
            $"{before}");

        // The message comes again when its claim's lease is over.
        await Harness.PassAsync(TimeSpan.FromMinutes(2));
        var outcome = Assert.Single(await DeliverAsync("e-1"));

        Assert.Equal(before.Status == InboxStatus.Processed ? "Duplicate" : "Processed", outcome);
        Assert.Equal((2, 1, InboxStatus.Processed), await StateAsync("e-1"));
        Assert.Equal(1, (await Harness.Repository.GetCountByStatusAsync(Ct)).Values.Sum());
    }

    /// <summary>Whether the first answer that the program gets can be that to something before its claim.</summary>
    protected virtual bool AnswersBeforeItClaims => false;

    /// <summary>The effects of an event, of which the handler makes two.</summary>
    protected abstract Task<int> EffectsAsync(string eventId);

    /// <summary>How many events were emitted with a payload.</summary>
    protected abstract Task<int> EmittedAsync(string payload);

    /// <summary>Waits until the server does nothing any more for the dead process.</summary>
    /// <param name="output">What the process has said.</param>
    protected abstract Task NothingIsUnderWayAsync(string output);

    /// <summary>Looks at the numbers of the emitted events, which have all one key.</summary>
    protected virtual Task AssertNumbersAsync(int count) => Task.CompletedTask;

    private async Task<(int Effects, int Events, InboxStatus? Status)> StateAsync(string eventId) => (
        await EffectsAsync(eventId),
        await EmittedAsync($"\"{eventId}\""),
        (await Harness.Repository.FindAsync("probe", eventId, Ct))?.Status);

    /// <summary>What the program does with messages, in this process.</summary>
    private Task<IReadOnlyList<string>> DeliverAsync(params string[] ids) => Probe.ConsumeAsync(Place.Connection, Place.Schema, Steps.None, ids);

    private async Task<(int ExitCode, string Output)> KillAsync(string step, params string[] ids)
    {
        var program = BuiltProgram.PathOf("KillProbe", "Relaybox.KillProbe.dll");
        var host = Environment.ProcessPath is { } path && path.EndsWith("dotnet", StringComparison.Ordinal) ? path : "dotnet";
        var start = new ProcessStartInfo(host, [program, Place.Connection, Place.Schema, step, .. ids])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var error = process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        var all = await output + await error;
        await NothingIsUnderWayAsync(all);
        return (process.ExitCode, all);
    }
}
