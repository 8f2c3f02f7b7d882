namespace Relaybox.Simulation.Engine;

/// <summary>
/// Every point at which something can go wrong has a number, and what goes wrong there follows from the seed and the number.
/// So a fault can be left out of a run, and the others stay.
/// </summary>
internal sealed class FaultPlan(ulong seed, double rate, IReadOnlySet<int> suppressed)
{
    private int _points;

    /// <summary>After this nothing goes wrong any more.</summary>
    internal bool IsHealed { get; set; }

    /// <summary>The faults that happened, in order.</summary>
    internal List<FaultPoint> Happened { get; } = [];

    /// <summary>A call to somewhere else.</summary>
    internal Fault OfCall(TimeSpan at, string where)
    {
        var (number, dice) = NextPoint();
        if (dice.NextDouble() >= rate)
        {
            return Fault.None;
        }

        // Crashes are rarer than lost calls: a worker that always dies gets nowhere, and finds nothing.
        var fault = dice.Next(14) switch
        {
            < 3 => Fault.FailBefore,
            < 7 => Fault.ApplyThenFail,
            < 9 => Fault.Delay,
            < 11 => Fault.SlowAnswer,
            11 => Fault.CrashBefore,
            _ => Fault.CrashAfter,
        };
        return Happens(number, at, where, fault) ? fault : Fault.None;
    }

    /// <summary>Something of another kind that may go wrong, <paramref name="likelihood"/> times as often as calls do.</summary>
    internal bool Strikes(TimeSpan at, string what, double likelihood = 1)
    {
        var (number, dice) = NextPoint();
        return dice.NextDouble() < rate * likelihood && Happens(number, at, what, Fault.Odd);
    }

    /// <summary>Usual time on the way, in milliseconds.</summary>
    internal TimeSpan Latency()
    {
        var (_, dice) = NextPoint();
        return TimeSpan.FromMilliseconds(dice.Between(1, 40));
    }

    /// <summary>A pause, from a second to several minutes: beyond a lease, a deadline or a visibility now and then.</summary>
    internal TimeSpan LongPause()
    {
        var (_, dice) = NextPoint();
        return TimeSpan.FromSeconds(Math.Pow(2, dice.NextDouble() * 8.5));
    }

    private (int Number, Dice Dice) NextPoint()
    {
        var number = _points++;
        return (number, new Dice(seed + (ulong)number * 0xD1342543DE82EF95));
    }

    private bool Happens(int number, TimeSpan at, string where, Fault fault)
    {
        if (IsHealed || suppressed.Contains(number))
        {
            return false;
        }

        Happened.Add(new FaultPoint(number, at, where, fault));
        return true;
    }
}
