using System.Collections.Concurrent;
using System.Diagnostics;
using NATS.Client.Core;
using Npgsql;
using Relaybox.Local.Demo;
using Relaybox.Local.Servers;
using Relaybox.Local.Processes;
using Relaybox.Local.Running;
using Relaybox.Local.Runtime;

namespace Relaybox.Local.Chaos;

/// <summary>
/// Writes orders without a pause, does harm to everything that works on them, and then counts: each order has its effect
/// once, or something is broken.
/// </summary>
internal sealed class ChaosRun(LocalRunner runner, IDemoApp app, ChaosOptions options, Action<string> say)
{
    private const int LeaseSeconds = 5;
    private const int Writers = 2;

    // What the schedules start, as often as they can end.
    private static readonly string[] Driven = ["SweepRelay", "PullConsume", "SweepRelay", "PullConsume", "ResetStale", "Cleanup", "Reconcile"];
    private static readonly string[] Victims = ["StreamRelay", "SweepRelay", "Consume", "PullConsume", "ResetStale"];

    // Short leases and runs, and no attempts that faults could use up.
    private static readonly Dictionary<string, string> Haste = new()
    {
        ["INBOX_LEASE_SECONDS"] = $"{LeaseSeconds}",
        ["RELAY_LEASE_SECONDS"] = $"{LeaseSeconds}",
        ["STALE_AFTER_SECONDS"] = "0",
        ["INBOX_MAX_ATTEMPTS"] = "1000",
        ["RELAY_MAX_ATTEMPTS"] = "1000",
        ["SWEEP_LISTEN_SECONDS"] = "10",
        ["PULL_SECONDS"] = "10",
    };

    private readonly Random random = new(options.Seed);
    private readonly ConcurrentDictionary<string, byte> committed = new();
    private readonly Dictionary<Fault, int> caused = [];
    private readonly List<Task> underWay = [];
    private int orders;

    /// <summary>A stack in which the faults of a minute can be many.</summary>
    public static RunnerOptions Hasten(RunnerOptions options) => options with
    {
        Environment = options.Environment.Concat(Haste).ToDictionary(),
        Properties = new Dictionary<string, string>(options.Properties) { ["Queue.RedrivePolicy.maxReceiveCount"] = "1000" },
        VisibilitySeconds = LeaseSeconds,
        RunSchedules = false,
    };

    public async Task<ChaosSummary> RunAsync(CancellationToken cancellationToken)
    {
        await app.PrepareAsync(cancellationToken);
        using var stopWriting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopDriving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var driving = Drive(stopDriving.Token);
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync(stopWriting.Token)));
        var first = await MemoryAfterAsync(TimeSpan.FromSeconds(5), cancellationToken);

        await HarmAsync(cancellationToken);
        await Task.WhenAll(underWay);
        var sinceLast = Stopwatch.StartNew();
        say("The last fault is over. Waiting until everything is whole ...");
        await stopWriting.CancelAsync();
        await writing;
        await WaitUntilWholeAsync(cancellationToken);
        var healed = sinceLast.Elapsed;
        var last = Memory();
        await stopDriving.CancelAsync();
        await driving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await CountAsync(healed, (first, last), cancellationToken);
    }

    /// <summary>Keeps the scheduled functions working, without a schedule's pauses.</summary>
    public Task Drive(CancellationToken cancellationToken) =>
        Task.WhenAll(Driven.Where(runner.Functions.ContainsKey).Select(name => DriveAsync(runner.Functions[name], cancellationToken)));

    private async Task DriveAsync(FunctionHost host, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await ((Task)runner.InvokeAsync(host, null, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref orders);
            var order = Order.Create(number, DateTimeOffset.UtcNow) with { OrderingKey = $"key-{number % options.Keys}" };
            try
            {
                if (await app.PlaceAsync(order, CancellationToken.None))
                {
                    committed.TryAdd(order.EventId, 0);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException or TimeoutException)
            {
                // The database is away. Whether the order was committed, its table knows.
            }

            await Task.Delay(TimeSpan.FromSeconds(Writers / options.Rate), TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HarmAsync(CancellationToken cancellationToken)
    {
        var possible = Possible();
        var clock = Stopwatch.StartNew();
        while (caused.GetValueOrDefault(Fault.Kill) < options.Kills && clock.Elapsed < options.Duration)
        {
            var fault = possible[random.Next(possible.Count)];
            if (await CauseAsync(fault, cancellationToken) is { } whom)
            {
                caused[fault] = caused.GetValueOrDefault(fault) + 1;
                say($"{clock.Elapsed.TotalSeconds,6:0.0} s  {fault} {whom}   ({committed.Count} orders)");
            }

            await Task.Delay(options.Pause ?? (options.LongestPause * random.NextDouble()), TimeProvider.System, cancellationToken);
        }
    }

    // Mostly kills: they are what happens most.
    private List<Fault> Possible()
    {
        List<Fault> possible = [Fault.Kill, Fault.Kill, Fault.Kill, Fault.Kill];
        if (options.Pause is not null)
        {
            return possible;
        }

        possible.AddRange([Fault.Pause, Fault.Pause]);
        possible.Add(Fault.PauseEmulator);
        if (runner.Servers.Postgres is not null)
        {
            possible.AddRange([Fault.RestartPostgres, Fault.CutPostgres]);
        }

        if (runner.Servers.Nats is not null)
        {
            possible.Add(Fault.RestartNats);
        }

        return possible;
    }

    // Says whom it met; null where nobody was there.
    private async Task<string?> CauseAsync(Fault fault, CancellationToken cancellationToken)
    {
        switch (fault)
        {
            case Fault.Kill:
                return SignalOne(Signals.Kill)?.Function;
            case Fault.Pause when SignalOne(Signals.Stop) is { } paused:
                underWay.Add(ContinueAsync(paused.Pid, TimeSpan.FromSeconds(LeaseSeconds + (3 * random.NextDouble()))));
                return paused.Function;
            case Fault.RestartPostgres:
                await runner.Servers.RestartAsync("postgres", TimeSpan.FromSeconds(random.NextDouble()), cancellationToken);
                return "";
            case Fault.CutPostgres:
                await CutPostgresAsync(cancellationToken);
                return "";
            case Fault.RestartNats:
                await runner.Servers.RestartAsync("nats", TimeSpan.FromSeconds(random.NextDouble()), cancellationToken);
                return "";
            case Fault.PauseEmulator:
                var emulators = runner.Servers.Processes.Where(process => process.Name is "sqs" or "dynamodb").ToList();
                var emulator = emulators[random.Next(emulators.Count)];
                Signals.Send(emulator.Pid, Signals.Stop);
                underWay.Add(ContinueAsync(emulator.Pid, TimeSpan.FromSeconds(1 + (2 * random.NextDouble()))));
                return emulator.Name;
            default:
                return null;
        }
    }

    private (string Function, int Pid)? SignalOne(int signal)
    {
        var processes = Victims.Where(runner.Functions.ContainsKey)
            .SelectMany(name => runner.Functions[name].Pids.Select(pid => (Function: name, Pid: pid)))
            .ToList();
        if (processes.Count == 0)
        {
            return null;
        }

        var chosen = processes[random.Next(processes.Count)];
        return Signals.Send(chosen.Pid, signal) ? chosen : null;
    }

    private static async Task ContinueAsync(int pid, TimeSpan after)
    {
        await Task.Delay(after, TimeProvider.System);
        Signals.Send(pid, Signals.Continue);
    }

    private async Task CutPostgresAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(runner.Servers.Postgres!.ConnectionString + ";Pooling=false");
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'", connection);
            await command.ExecuteScalarAsync(cancellationToken);
        }
        catch (NpgsqlException)
        {
            // It is cut already.
        }
    }

    private async Task WaitUntilWholeAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < options.Patience)
        {
            try
            {
                if (await runner.Sources.CountWaitingAsync(cancellationToken) == 0)
                {
                    var placed = await app.ReadOrdersAsync(cancellationToken);
                    if (await app.CountEffectsAsync(cancellationToken) >= placed.Count && await app.CountSentAsync(cancellationToken) >= placed.Count)
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is NpgsqlException or NatsException or HttpRequestException)
            {
                // A connection from before the last fault.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellationToken);
        }

        say($"It is not whole after {options.Patience.TotalSeconds:0} s.");
    }

    private async Task<ChaosSummary> CountAsync(TimeSpan healed, (double, double) memory, CancellationToken cancellationToken)
    {
        var placed = await app.ReadOrdersAsync(cancellationToken);
        var outbox = await app.ReadOutboxAsync(cancellationToken);
        var effects = await app.ReadEffectsAsync(cancellationToken);
        return new ChaosSummary
        {
            Seed = options.Seed,
            Faults = caused,
            Orders = placed.Count,
            Forgotten = committed.Keys.Count(id => !placed.ContainsKey(id)),
            Lost = [.. placed.Keys.Where(id => !effects.ContainsKey(id))],
            Doubled = [.. effects.Where(effect => effect.Value.Applied != 1).Select(effect => effect.Key)],
            Phantoms = [.. outbox.Keys.Concat(effects.Keys).Distinct().Where(id => !placed.ContainsKey(id))],
            Unsent = [.. placed.Keys.Where(id => outbox.GetValueOrDefault(id) != "sent")],
            OutOfOrder = runner.Servers is { Postgres: not null, Nats: { } nats } ? await OutOfOrderAsync(nats, cancellationToken) : null,
            Healed = healed,
            Memory = memory,
        };
    }

    // A copy may come again later; what counts is where each event stands first.
    private async Task<List<string>> OutOfOrderAsync(Uri nats, CancellationToken cancellationToken)
    {
        var places = await app.ReadPlacesAsync(cancellationToken);
        var seen = new HashSet<string>();
        var highest = new Dictionary<string, long>();
        var broken = new List<string>();
        await foreach (var eventId in PublishedEvents.ReadAsync(nats, runner.Environment["NATS_STREAM"], cancellationToken))
        {
            if (!seen.Add(eventId) || !places.TryGetValue(eventId, out var place))
            {
                continue;
            }

            if (highest.TryGetValue(place.Key, out var before) && before > place.Place)
            {
                broken.Add(eventId);
            }

            highest[place.Key] = Math.Max(before, place.Place);
        }

        return broken;
    }

    private async Task<double> MemoryAfterAsync(TimeSpan warmUp, CancellationToken cancellationToken)
    {
        await Task.Delay(warmUp, TimeProvider.System, cancellationToken);
        return Memory();
    }

    private double Memory()
    {
        var bytes = 0L;
        foreach (var pid in runner.Functions.Values.SelectMany(host => host.Pids))
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                bytes += process.WorkingSet64;
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has just ended.
            }
        }

        return bytes / (1024.0 * 1024);
    }
}
