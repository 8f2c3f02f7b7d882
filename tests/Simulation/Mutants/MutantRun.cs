using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Relaybox.Simulation.Mutants;

/// <summary>Switches on one bug after the other, and sees which seed finds it.</summary>
internal static class MutantRun
{
    private const int Seeds = 2_000;
    internal const int CleanSeeds = 100;

    /// <summary>The result of every bug; first, under the name "none", that of the same build with no bug switched on.</summary>
    /// <param name="which">A part of the names of those that are tried; null: all.</param>
    internal static IReadOnlyList<MutantResult> Run(string? which = null)
    {
        using var build = new MutantBuild();
        build.Run(Mutations.All);
        var names = Mutations.All.Select(mutation => mutation.Name)
            .Where(name => which is null || name.Contains(which, StringComparison.Ordinal)).Prepend("none").ToArray();
        var results = new MutantResult[names.Length];
        Parallel.For(0, names.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => results[i] = Try(build.Folder, names[i]));
        return results;
    }

    /// <summary>One hash of many runs.</summary>
    internal static ulong Combine(ulong hashes, ulong hash) => Engine.Dice.Mix(hashes + hash);

    internal static string Table(IReadOnlyList<MutantResult> results)
    {
        var table = new StringBuilder("| planted bug | found by | seed | what did not hold |\n|---|---|---|---|\n");
        foreach (var result in results)
        {
            table.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {result.Name} | {(result.Seed is null ? "nothing" : "simulation")} | {result.Seed} | {result.Invariant} |");
        }

        return table.ToString();
    }

    private static MutantResult Try(string folder, string name)
    {
        var seeds = name == "none" ? CleanSeeds : Seeds;
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(folder, "Relaybox.Simulation.dll"), "--first", $"{seeds}"])
        {
            RedirectStandardOutput = true,
            Environment = { [MutantBuild.Switch] = name },
        })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (text.Split('\n').FirstOrDefault(line => line.StartsWith("held\t", StringComparison.Ordinal)) is { } held)
        {
            return new MutantResult(name, null, $"{seeds} seeds held, hash {held.Split('\t')[1]}");
        }

        var found = text.Split('\n').FirstOrDefault(line => line.StartsWith("found\t", StringComparison.Ordinal))?.Split('\t');
        return found is [_, var seed, var invariant]
            ? new MutantResult(name, seed, invariant)
            : new MutantResult(name, null, $"exit code {process.ExitCode}");
    }
}
