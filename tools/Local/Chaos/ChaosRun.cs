using System.Diagnostics;
using Relaybox.Local.Demo;
using Relaybox.Local.Running;

namespace Relaybox.Local.Chaos;

/// <summary>
/// Writes orders without a pause, lets an operator act on them, does harm to everything that works on them, and then counts: each order has
/// its effect once, or something is broken.
/// </summary>
internal sealed class ChaosRun(LocalRunner runner, IDemoApp app, ChaosOptions options, Action<string> say)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    private readonly Random _random = new(options.Seed);
    private readonly ChaosWriter _writer = new(app, options.Rate, options.Keys);
    private readonly FunctionFaults _functions = new(runner);
    private readonly ChaosOperator _operator = new(runner);
    private readonly Dictionary<string, int> _caused = [];
    private readonly List<Task> _underWay = [];

    public async Task<ChaosSummary> RunAsync(CancellationToken cancellationToken)
    {
        await app.PrepareAsync(cancellationToken);
        using var stopWriting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopDriving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var driving = ScheduleDriver.RunAsync(runner, stopDriving.Token);
        var writing = _writer.RunAsync(stopWriting.Token);
        var operating = _operator.RunAsync(stopWriting.Token);
        await Task.Delay(WarmUp, TimeProvider.System, cancellationToken);
        var first = FunctionMemory.Measure(runner.Functions.Values);

        await HarmAsync(cancellationToken);
        await Task.WhenAll(_underWay);
        var sinceLast = Stopwatch.StartNew();
        say("The last fault is over. Waiting until everything is whole ...");
        await stopWriting.CancelAsync();
        await writing;
        await operating;
        await WaitUntilAsync(AreOrdersWholeAsync, "The orders are not whole", cancellationToken);
        var healed = sinceLast.Elapsed;

        await WaitUntilAsync(_ => _operator.SendAllAgainAsync(), "The operator could not begin to send again what was sent", cancellationToken);

        // The lease of an operation whose process was killed is longer than everything else here.
        await WaitUntilAsync(AreOperationsWholeAsync, "The operator's operations are not whole", cancellationToken);
        var last = FunctionMemory.Measure(runner.Functions.Values);
        await stopDriving.CancelAsync();
        await driving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await CountAsync(healed, (first, last), cancellationToken);
    }

    private async Task HarmAsync(CancellationToken cancellationToken)
    {
        var possible = Possible();
        var clock = Stopwatch.StartNew();
        while (_caused.GetValueOrDefault(_functions.Kill.Name) < options.Kills && clock.Elapsed < options.Duration)
        {
            var fault = possible[_random.Next(possible.Count)];
            if (await fault.CauseAsync(_random, cancellationToken) is { } harm)
            {
                _underWay.Add(harm.Over);
                _caused[fault.Name] = _caused.GetValueOrDefault(fault.Name) + 1;
                say($"{clock.Elapsed.TotalSeconds,6:0.0} s  {fault.Name} {harm.Whom}   ({_writer.Count} orders)");
            }

            await Task.Delay(options.Pause ?? (options.LongestPause * _random.NextDouble()), TimeProvider.System, cancellationToken);
        }
    }

    // Mostly kills: they are what happens most.
    private List<Fault> Possible()
    {
        var (kill, pause) = (_functions.Kill, _functions.Pause);
        List<Fault> kills = [kill, kill, kill, kill];
        return options.Pause is null ? [.. kills, pause, pause, .. runner.Servers.Faults] : kills;
    }

    private async Task WaitUntilAsync(Func<CancellationToken, Task<bool>> isDone, string fault, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        Exception? last = null;
        while (clock.Elapsed < options.Patience)
        {
            try
            {
                if (await isDone(cancellationToken))
                {
                    return;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A connection from before the last fault, most likely.
                last = e;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellationToken);
        }

        say($"{fault} after {options.Patience.TotalSeconds:0} s.{(last is null ? "" : $" The last error: {last.Message}")}");
    }

    private async Task<bool> AreOrdersWholeAsync(CancellationToken cancellationToken)
    {
        if (await runner.Sources.CountWaitingAsync(cancellationToken) > 0)
        {
            return false;
        }

        // The effects themselves are read once there are enough of them: some are those of replays.
        var placed = (await app.ReadOrdersAsync(cancellationToken)).Keys.Where(id => !ChaosWriter.IsUnsendable(id)).ToList();
        return await app.CountSentAsync(cancellationToken) >= placed.Count
            && await app.CountEffectsAsync(cancellationToken) >= placed.Count
            && await app.ReadEffectsAsync(cancellationToken) is var effects
            && placed.TrueForAll(effects.ContainsKey);
    }

    private async Task<bool> AreOperationsWholeAsync(CancellationToken cancellationToken) =>
        await _operator.CountAsync() is { HaveEnded: true } operations
        && await AreOrdersWholeAsync(cancellationToken)
        && operations.FindLost((await app.ReadEffectsAsync(cancellationToken)).Keys).Count == 0;

    private async Task<ChaosSummary> CountAsync(TimeSpan healed, (double, double) memory, CancellationToken cancellationToken)
    {
        var placed = await app.ReadOrdersAsync(cancellationToken);
        var outbox = await app.ReadOutboxAsync(cancellationToken);
        var effects = await app.ReadEffectsAsync(cancellationToken);
        var operations = await _operator.CountAsync()
            ?? throw new RunnerException("The Operate function does not answer: its log says why. Nobody can say what the operator has done.");
        var unsendable = placed.Keys.Where(ChaosWriter.IsUnsendable).ToHashSet(StringComparer.Ordinal);
        return new ChaosSummary
        {
            Seed = options.Seed,
            Faults = _caused,
            Orders = placed.Count,
            Forgotten = _writer.Committed.Count(id => !placed.ContainsKey(id)),
            Lost = [.. placed.Keys.Where(id => !unsendable.Contains(id) && !effects.ContainsKey(id)), .. operations.FindLost(effects.Keys)],
            DeadLetters = await _operator.ReadDeadLettersAsync(),
            Doubled = [.. effects.Where(effect => effect.Value.Applied != 1).Select(effect => effect.Key)],
            Phantoms = [.. outbox.Keys.Concat(effects.Keys).Distinct().Where(id => IsPhantom(ChaosOperations.Parse(id)))],
            Unsent = [.. placed.Keys.Where(id => !unsendable.Contains(id) && outbox.GetValueOrDefault(id) != "sent")],
            Vanished = unsendable.Count(id => !outbox.ContainsKey(id)) - operations.Purged,
            OutOfOrder = await FindOutOfOrderAsync(cancellationToken),
            Operations = operations,
            Healed = healed,
            Memory = memory,
        };

        // An effect of what cannot be sent, or of a replay that nobody has asked for, comes from nowhere, too.
        bool IsPhantom((string EventId, string ReplayId) id) => !placed.ContainsKey(id.EventId)
            || (unsendable.Contains(id.EventId) && effects.ContainsKey(id.EventId))
            || (id.ReplayId.Length > 0 && !operations.Replays.ContainsKey(id.ReplayId));
    }

    // Null where the store keeps no order, or the broker cannot say in which order events came.
    private async Task<IReadOnlyList<string>?> FindOutOfOrderAsync(CancellationToken cancellationToken) =>
        runner.Servers.Broker.ReadPublishedAsync(runner.Environment, cancellationToken) is { } published
        && await app.ReadPlacesAsync(cancellationToken) is { } places
            ? await KeyOrder.FindBrokenAsync(published, places, cancellationToken)
            : null;
}
