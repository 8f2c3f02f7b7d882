using System.Diagnostics;
using Relaybox.Inbox;
using Relaybox.KillProbe;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Exactly once on Redis, proven by killing the process (SIGKILL) at every step of handling a message: whatever the step, after
/// the next delivery there is one effect, one emitted event and one processed record.
/// </summary>
public sealed class RedisInboxKillTests(RedisServer server) : IAsyncLifetime
{
    private const int Killed = 128 + 9;
    private const int Buckets = 2;

    private RedisInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> AllSteps { get; } =
    [
        "claim-not-sent", "claim-sent", "claim-answered", Steps.HandlerBegun, Steps.Written, Steps.Emitted,
        "commit-not-sent", "commit-sent", "commit-answered", Steps.Consumed,
    ];

    public async ValueTask InitializeAsync() => _store = await RedisInboxHarness.CreateAsync(server, Buckets);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public void No_step_is_left_out() => Assert.Superset(RedisSteps.Wire.Keys.ToHashSet(), AllSteps.Select(row => row.Data).ToHashSet());

    [Theory]
    [MemberData(nameof(AllSteps))]
    public async Task An_effect_happens_once_wherever_the_process_is_killed(string step)
    {
        var (exitCode, output) = await RunAsync(step, "e-1");
        Assert.True(exitCode == Killed, $"{exitCode}: {output}");
        await NothingIsUnderWayAsync();
        var before = await StateAsync("e-1");
        Assert.True(
            step switch
            {
                "claim-not-sent" => before is (0, 0, null),
                "claim-sent" => before is (0, 0, null or InboxStatus.Processing),

                // The first answer can be that of the script's loading.
                "claim-answered" => before is (0, 0, null or InboxStatus.Processing),
                "commit-sent" => before is (0, 0, InboxStatus.Processing) or (2, 1, InboxStatus.Processed),
                "commit-answered" or Steps.Consumed => before is (2, 1, InboxStatus.Processed),
                _ => before is (0, 0, InboxStatus.Processing),
            },
            $"{before}");

        // The message comes again when its claim's lease is over.
        await _store.PassAsync(TimeSpan.FromMinutes(2));
        var (second, outcome) = await RunAsync(Steps.None, "e-1");

        Assert.True(second == 0, outcome);
        Assert.Equal(before.Status == InboxStatus.Processed ? "Duplicate" : "Processed", outcome.Trim());
        Assert.Equal((2, 1, InboxStatus.Processed), await StateAsync("e-1"));
        Assert.Equal(1, (await _store.Repository.GetCountByStatusAsync(Ct)).Values.Sum());
    }

    [Fact]
    public async Task Effects_of_many_messages_happen_once_each_however_often_the_process_is_killed_among_them()
    {
        string[] ids = [.. Enumerable.Range(0, 60).Select(i => $"e-{i}")];
        string[] deadly = ["commit-sent", Steps.Emitted, Steps.Written, "claim-sent", "commit-answered", "commit-not-sent"];
        var random = new Random(7);
        for (var kill = 0; kill < 8; kill++)
        {
            random.Shuffle(ids);
            await RunAsync(deadly[kill % deadly.Length], ids);
            await NothingIsUnderWayAsync();
            await _store.PassAsync(TimeSpan.FromMinutes(2));
        }

        var (exitCode, output) = await RunAsync(Steps.None, ids);
        Assert.True(exitCode == 0, output);
        foreach (var id in ids)
        {
            Assert.Equal((2, 1, InboxStatus.Processed), await StateAsync(id));
        }
    }

    /// <summary>The effects, of which a handler enlists two, the emitted events and the record of an event.</summary>
    private async Task<(int Effects, int Events, InboxStatus? Status)> StateAsync(string eventId)
    {
        var effects = (int)await _store.Keys.Database.StringGetAsync($"kill_effects:{_store.Keys.TagOf(eventId)}:{eventId}");
        var rows = await _store.Outbox.FindPendingAsync(1000, Ct);
        return (
            effects,
            rows.Count(row => row.Event.Payload == $"\"{eventId}\""),
            (await _store.Repository.FindAsync("probe", eventId, Ct))?.Status);
    }

    // What the server has of the dead process it executes before it answers this.
    private Task NothingIsUnderWayAsync() => Eventually.TrueAsync(
        async () => (await server.Multiplexer.GetServers()[0].ClientListAsync()).All(client => client.Name != RedisSteps.ClientName),
        "the dead process's connections are gone");

    private async Task<(int ExitCode, string Output)> RunAsync(string step, params string[] ids)
    {
        // artifacts/…/bin/Shared.Tests/debug, and beside it bin/KillProbe/debug.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(own.Parent!.Parent!.FullName, "KillProbe", own.Name, "Relaybox.KillProbe.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && path.EndsWith("dotnet", StringComparison.Ordinal) ? path : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { program, $"redis:{server.Port}", $"{_store.Keys.Options.KeyPrefix}/{Buckets}", step },
        };
        foreach (var id in ids)
        {
            start.ArgumentList.Add(id);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var error = process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, await output + await error);
    }
}
