namespace Relaybox.Planner.Flow;

/// <summary>
/// Runs a scenario second by second. Without chance: the same input is the same output. What takes less than a second (the
/// notification, a batch) is not seen; docs/benchmarks.md measures that.
/// </summary>
internal sealed class FlowRun(Scenario scenario, FlowOptions options)
{
    private readonly DueQueue _apps = new();
    private readonly DueQueue _fresh = new();
    private readonly DueQueue _deferred = new();
    private readonly DueQueue _messages = new();
    private double _published;
    private double _failed;

    public static IReadOnlyList<FlowStep> Play(Scenario scenario, FlowOptions options)
    {
        var run = new FlowRun(scenario, options);
        return [.. Enumerable.Range(0, scenario.Seconds).Select(run.Step)];
    }

    // Deferred rows of PostgreSQL are rows among others; those of DynamoDB are in the due index, and no stream brings them again.
    private DueQueue Retries => options.SweptPerSecond is null ? _fresh : _deferred;

    private FlowStep Step(int now)
    {
        (_published, _failed) = (0, 0);
        var offered = scenario.Load(now);
        _apps.Add(now, now, offered);
        _apps.Take(now, options.WritesPerSecond, (written, count) => _fresh.Add(now, written, count));
        if (scenario.CrashAt == now)
        {
            LoseClaims(now);
        }

        Relay(_fresh, now, options.RelayedPerSecond, options.TriedPerSecond);
        if (options.SweptPerSecond is { } swept)
        {
            Relay(_deferred, now, swept, options.SweepTriedPerSecond);
        }

        var ages = new List<(double Age, double Count)>();
        var consumed = _messages.Take(now, options.ConsumedPerSecond, (written, count) => ages.Add((now - written, count)));
        int?[] oldest = [_fresh.Oldest, _deferred.Oldest];
        return new FlowStep(
            now,
            offered,
            _apps.Count,
            _published,
            _failed,
            consumed,
            _fresh.Count + _deferred.Count,
            _messages.Count,
            now - (oldest.Min() ?? now),
            Percentile(ages, 0.5),
            Percentile(ages, 0.99));
    }

    private void Relay(DueQueue queue, int now, double capacity, double tries)
    {
        if (!scenario.IsOut(now))
        {
            _published += queue.Take(now, capacity, (written, count) => _messages.Add(now, written, count));
            return;
        }

        // As the code does: not before OutageDelay, and spread over as much again.
        var delay = (int)options.Relay.OutageDelay.TotalSeconds;
        var back = new List<(int Written, double Count)>();
        _failed += queue.Take(now, tries, (written, count) => back.Add((written, count)));
        foreach (var (written, count) in back)
        {
            for (var second = delay; second < 2 * delay; second++)
            {
                Retries.Add(now + second, written, count / delay);
            }
        }
    }

    // Nobody may have the rows of a relay that is gone before its lease has ended.
    private void LoseClaims(int now)
    {
        var lost = new List<(int Written, double Count)>();
        _fresh.Take(now, options.RowsInHand, (written, count) => lost.Add((written, count)));
        foreach (var (written, count) in lost)
        {
            _fresh.Add(now + (int)options.Relay.Lease.TotalSeconds, written, count);
        }
    }

    private static double Percentile(List<(double Age, double Count)> ages, double part)
    {
        var wanted = ages.Sum(age => age.Count) * part;
        double seen = 0;
        foreach (var (age, count) in ages.OrderBy(age => age.Age))
        {
            seen += count;
            if (seen >= wanted - 1e-9)
            {
                return age;
            }
        }

        return double.NaN;
    }
}
