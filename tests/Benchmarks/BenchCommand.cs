using System.CommandLine;
using Relaybox.Benchmarks.Groups;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Output;
using Relaybox.Benchmarks.Stores;
using Relaybox.Local;
using Relaybox.Testing;
using Spectre.Console;

namespace Relaybox.Benchmarks;

/// <summary>Runs groups of benchmarks and says what they came to.</summary>
internal static class BenchCommand
{
    private const string DocsFolder = "docs/benchmarks";

    private static readonly string[] StoreNames = [.. BenchStores.All.Select(store => store.Name)];

    public static RootCommand Create()
    {
        var names = new Argument<string[]>("groups")
        {
            Description = "Which to run; all but the slowest where none is named", Arity = ArgumentArity.ZeroOrMore,
        };
        var list = new Option<bool>("--list") { Description = "Say which groups there are" };
        var store = new Option<string[]>("--store")
        {
            Description = $"Only these stores, in the groups that measure each: {string.Join(", ", StoreNames)}",
        };
        var json = new Option<FileInfo?>("--json") { Description = "Write the results as JSON into this file" };
        var docs = new Option<bool>("--docs") { Description = $"Write results and plots into {DocsFolder}" };
        var peers = new Option<bool>("--peers")
        {
            Description = "Run beside other outboxes and queues; where no group is named, only the groups that can",
        };
        var rounds = new Option<int>("--rounds") { Description = "How often each arm is measured", DefaultValueFactory = _ => 7 };
        var seconds = new Option<double>("--seconds") { Description = "How long each measurement takes at least", DefaultValueFactory = _ => 1 };
        var scale = new Option<double>("--scale")
        {
            Description = "Less than 1 for a quick look: smaller tables, shorter load", DefaultValueFactory = _ => 1,
        };
        var command = new RootCommand("Measures Relaybox: every figure is a ratio to something in the same run")
        {
            names, list, store, json, docs, peers, rounds, seconds, scale,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(list))
            {
                Console.Write(string.Concat(BenchmarkGroups.All.GroupBy(group => group.Id).Select(Describe)));
                return 0;
            }

            var options = new BenchmarkOptions
            {
                Rounds = Positive(parsed.GetValue(rounds), "--rounds"),
                RoundTime = TimeSpan.FromSeconds(Positive(parsed.GetValue(seconds), "--seconds")),
                Scale = Positive(parsed.GetValue(scale), "--scale"),
                Peers = parsed.GetValue(peers),
            };
            var groups = Choose(parsed.GetValue(names) ?? [], parsed.GetValue(store) ?? [], options.Peers);
            var results = await RunAsync(groups, options, cancellationToken);
            if (parsed.GetValue(json) is { } file)
            {
                ResultFiles.WriteJson(file.FullName, results);
            }

            if (parsed.GetValue(docs))
            {
                ResultFiles.UpdateDocs(RepositoryRoot.Combine(DocsFolder), results, [.. BenchmarkGroups.All.Select(ResultOf)]);
            }

            return results.Any(group => group.Comparisons.Any(comparison => comparison.IsNoisy)) ? 3 : 0;
        });
        return command;
    }

    private static async Task<List<GroupResult>> RunAsync(
        IReadOnlyList<IBenchmarkGroup> groups, BenchmarkOptions options, CancellationToken cancellationToken)
    {
        var machine = Machine.Read();
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 150);
        AnsiConsole.WriteLine(ResultTables.Describe(machine));
        var results = new List<GroupResult>();
        foreach (var group in groups)
        {
            Console.Error.WriteLine($"{ResultOf(group)}: {group.Title}");
            var run = new BenchmarkRun(options, text => Console.Error.WriteLine($"  {text}"));
            try
            {
                await group.RunAsync(run, cancellationToken);
            }
            catch
            {
                // What was measured before is told all the same.
                ResultTables.Print(AnsiConsole.Console, Result(group, run, machine));
                throw;
            }

            results.Add(Result(group, run, machine));
            ResultTables.Print(AnsiConsole.Console, results[^1]);
        }

        return results;
    }

    private static GroupResult Result(IBenchmarkGroup group, BenchmarkRun run, Machine machine)
    {
        var title = run.Server is { } server ? $"{server}: {group.Title}" : group.Title;
        var command = $"./run bench {group.Id}{(group.Store is { } store ? $" --store {store}" : "")}";
        return new GroupResult(ResultOf(group), title, command, machine, run.Comparisons, run.Facts, run.Notes);
    }

    private static IReadOnlyList<IBenchmarkGroup> Choose(string[] names, string[] stores, bool peers)
    {
        Require("group", names, BenchmarkGroups.All.Select(group => group.Id).Distinct());
        Require("store", stores, StoreNames);
        return
        [
            .. BenchmarkGroups.All.Where(group =>
                (names.Length > 0 ? names.Contains(group.Id) : peers ? group.HasPeers : group.IsDefault)
                && (stores.Length == 0 || group.Store is null || stores.Contains(group.Store))),
        ];
    }

    private static void Require(string what, IEnumerable<string> asked, IEnumerable<string> known)
    {
        if (asked.Except(known).FirstOrDefault() is { } unknown)
        {
            throw new RunnerException($"there is no {what} '{unknown}'. Known: {string.Join(", ", known)}.");
        }
    }

    // What the results of a group are kept as. Those of the first store were there before the others.
    private static string ResultOf(IBenchmarkGroup group) =>
        group.Store is null || group.Store == StoreNames[0] ? group.Id : $"{group.Id}-{group.Store}";

    private static string Describe(IGrouping<string, IBenchmarkGroup> groups)
    {
        string[] stores = [.. groups.Select(group => group.Store).OfType<string>()];
        return $"{groups.Key,-15} {groups.First().Title}{(stores.Length > 0 ? $" ({string.Join(", ", stores)})" : "")}\n";
    }

    private static T Positive<T>(T value, string option)
        where T : System.Numerics.INumber<T> =>
        value > T.Zero ? value : throw new RunnerException($"{option} {value}: expected more than 0.");
}
