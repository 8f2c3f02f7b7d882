using System.Diagnostics;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Inbox;
using Relaybox.KillProbe;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// Exactly once on MongoDB, proven by killing the process (SIGKILL) at every step of handling a message: whatever the step, after
/// the next delivery there is one effect, one emitted event and one processed record.
/// </summary>
public sealed class MongoInboxKillTests(MongoDbServer server) : IAsyncLifetime
{
    private const int Killed = 128 + 9;
    private const string Session = "session ";

    private MongoInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> AllSteps { get; } =
    [
        "claim-not-sent", "claim-sent", "claim-answered", Steps.HandlerBegun, Steps.TransactionBegun, Steps.Written, Steps.Emitted,
        "counter-answered", "row-answered", "mark-sent", "mark-answered", "commit-not-sent", "commit-sent", "commit-answered", Steps.Consumed,
    ];

    public async ValueTask InitializeAsync()
    {
        _store = await MongoInboxHarness.CreateAsync(server, enlists: false);
        await _store.Database.Database.CreateCollectionAsync("kill_effects");
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public void No_step_is_left_out() => Assert.Superset(MongoSteps.Wire.Keys.ToHashSet(), AllSteps.Select(row => row.Data).ToHashSet());

    [Theory]
    [MemberData(nameof(AllSteps))]
    public async Task An_effect_happens_once_wherever_the_process_is_killed(string step)
    {
        var (exitCode, output) = await RunAsync(step, "e-1");
        Assert.True(exitCode == Killed, $"{exitCode}: {output}");
        await EndTransactionsAsync(output);
        var before = await StateAsync("e-1");
        Assert.True(
            step switch
            {
                "claim-not-sent" => before is (0, 0, null),
                "claim-sent" => before is (0, 0, null or InboxStatus.Processing),
                "commit-sent" => before is (0, 0, InboxStatus.Processing) or (2, 1, InboxStatus.Processed),
                "commit-answered" or Steps.Consumed => before is (2, 1, InboxStatus.Processed),
                _ => before is (0, 0, InboxStatus.Processing),
            },
            $"{before}");

        // The message comes again when its claim's lease is over.
        await _store.PassAsync(TimeSpan.FromMinutes(2));
        var (second, outcome) = await RunAsync(Steps.None, "e-1");

        Assert.True(second == 0, outcome);
        Assert.EndsWith(before.Status == InboxStatus.Processed ? "Duplicate" : "Processed", outcome.Trim(), StringComparison.Ordinal);
        Assert.Equal((2, 1, InboxStatus.Processed), await StateAsync("e-1"));
        Assert.Equal(1, (await _store.Repository.GetCountByStatusAsync(Ct)).Values.Sum());
    }

    [Fact]
    public async Task Effects_of_many_messages_happen_once_each_however_often_the_process_is_killed_among_them()
    {
        string[] ids = [.. Enumerable.Range(0, 40).Select(i => $"e-{i}")];
        string[] deadly = ["commit-sent", Steps.Emitted, "mark-answered", "claim-sent", "commit-answered", "commit-not-sent", "row-answered"];
        var random = new Random(7);
        foreach (var step in deadly)
        {
            random.Shuffle(ids);
            var (_, output) = await RunAsync(step, ids);
            await EndTransactionsAsync(output);
            await _store.PassAsync(TimeSpan.FromMinutes(2));
        }

        // Handlers that hold transactions and emit under one key meet each other, and are tried again.
        for (var round = 0; ; round++)
        {
            var (exitCode, output) = await RunAsync(Steps.None, ids);
            Assert.True(exitCode == 0, output);
            if (!output.Contains("Retry", StringComparison.Ordinal))
            {
                break;
            }

            Assert.True(round < 60, output);
        }

        foreach (var id in ids)
        {
            Assert.Equal((2, 1, InboxStatus.Processed), await StateAsync(id));
        }

        // And the key's numbers have no gaps.
        var numbers = (await _store.Database.Raw("outbox").Find(new BsonDocument()).ToListAsync(Ct)).Select(row => row["orderNumber"].ToInt64());
        Assert.Equal(Enumerable.Range(1, ids.Length).Select(i => (long)i), numbers.Order());
    }

    /// <summary>The effects, of which a handler writes one and enlists another, the emitted events and the record of an event.</summary>
    private async Task<(int Effects, int Events, InboxStatus? Status)> StateAsync(string eventId) => (
        (int)await _store.Database.Raw("kill_effects").CountDocumentsAsync(new BsonDocument("event", eventId), cancellationToken: Ct),
        (int)await _store.Database.Raw("outbox").CountDocumentsAsync(new BsonDocument("payload", $"\"{eventId}\""), cancellationToken: Ct),
        (await _store.Repository.FindAsync("probe", eventId, Ct))?.Status);

    // The server would end them by itself, after a minute; the lease is longer.
    private async Task EndTransactionsAsync(string output)
    {
        var sessions = output.Split('\n').Where(line => line.StartsWith(Session, StringComparison.Ordinal))
            .Select(line => new BsonDocument("id", new BsonBinaryData(Guid.Parse(line[Session.Length..].Trim()), GuidRepresentation.Standard)))
            .ToList();
        if (sessions.Count > 0)
        {
            await server.Client.GetDatabase("admin").RunCommandAsync<BsonDocument>(
                new BsonDocument("killSessions", new BsonArray(sessions)), cancellationToken: Ct);
        }
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string step, params string[] ids)
    {
        // artifacts/…/bin/Shared.Tests/debug, and beside it bin/KillProbe/debug.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(own.Parent!.Parent!.FullName, "KillProbe", own.Name, "Relaybox.KillProbe.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && path.EndsWith("dotnet", StringComparison.Ordinal) ? path : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                program,
                $"mongodb://127.0.0.1:{server.Client.Settings.Server.Port}/",
                _store.Database.Database.DatabaseNamespace.DatabaseName,
                step,
            },
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
