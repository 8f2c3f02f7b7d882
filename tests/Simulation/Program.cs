using System.Diagnostics;
using System.Globalization;
using Relaybox.Simulation.Mutants;
using Relaybox.Simulation.World;

if (args is ["--mutants"] or ["--mutants", _])
{
    var results = MutantRun.Run(args.ElementAtOrDefault(1));
    Console.WriteLine(MutantRun.Table(results));
    return results.Skip(1).All(result => result.Seed is not null) && results[0].Seed is null ? 0 : 1;
}

// For a planted bug: the first seed that finds it.
if (args is ["--first", var most])
{
    ulong hash = 0;
    for (ulong seed = 1; seed <= ulong.Parse(most, CultureInfo.InvariantCulture); seed++)
    {
        var outcome = Simulator.Run(seed);
        hash = MutantRun.Combine(hash, outcome.Hash);
        if (outcome.Violation is { } violation)
        {
            Console.WriteLine($"found\t{seed}\t{violation.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }

    Console.WriteLine($"held\t{hash:x}");
    return 0;
}

// The seeds from one on: each failure with its shrunk history, and at the end what happened in all of them.
ulong seeds = 1_000, from = 1;
for (var i = 0; i < args.Length; i += 2)
{
    if (i + 1 == args.Length || !ulong.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        || args[i] is not ("--seeds" or "--from"))
    {
        Console.Error.WriteLine("usage: simulate [--seeds N] [--from S] | --mutants [PART OF A NAME]");
        return 2;
    }

    (seeds, from) = args[i] == "--seeds" ? (value, from) : (seeds, value);
}

var watch = Stopwatch.StartNew();
var tally = new Tally();
for (var seed = from; seed < from + seeds && tally.Failed < 10; seed++)
{
    var outcome = Simulator.Run(seed);
    tally.Add(outcome);
    if (outcome.Violation is not null)
    {
        Console.WriteLine($"seed {seed}: {outcome.Violation.Message}");
        Console.WriteLine(Report.Of(seed));
    }
}

Console.WriteLine(tally);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:F1} s"));
return tally.Failed == 0 ? 0 : 1;
