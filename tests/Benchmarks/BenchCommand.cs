using System.CommandLine;
using Relaybox.Benchmarks.Groups;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Output;
using Relaybox.Local;
using Relaybox.Testing;
using Spectre.Console;

namespace Relaybox.Benchmarks;

/// <summary>Runs groups of benchmarks and says what they came to.</summary>
internal static class BenchCommand
{
    private const string DocsFolder = "docs/benchmarks";

    public static RootCommand Create()
    {
        var names = new Argument<string[]>("groups")
        {
            Description = "Which to run; all but the slowest where none is named", Arity = ArgumentArity.ZeroOrMore,
        };
        var list = new Option<bool>("--list") { Description = "Say which groups there are" };
        var json = new Option<FileInfo?>("--json") { Description = "Write the results as JSON into this file" };
        var docs = new Option<bool>("--docs") { Description = $"Write results and plots into {DocsFolder}" };
        var peers = new Option<bool>("--peers") { Description = "Run beside other outboxes and queues, from npm" };
        var rounds = new Option<int>("--rounds") { Description = "How often each arm is measured", DefaultValueFactory = _ => 7 };
        var seconds = new Option<double>("--seconds") { Description = "How long each measurement takes at least", DefaultValueFactory = _ => 1 };
        var scale = new Option<double>("--scale")
        {
            Description = "Less than 1 for a quick look: smaller tables, shorter load", DefaultValueFactory = _ => 1,
        };
        var command = new RootCommand("Measures Relaybox: every figure is a ratio to something in the same run")
        {
            names, list, json, docs, peers, rounds, seconds, scale,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(list))
            {
                Console.Write(string.Concat(BenchmarkGroups.All.Select(group => $"{group.Id,-12} {group.Title}\n")));
                return 0;
            }

            var options = new BenchmarkOptions
            {
                Rounds = Positive(parsed.GetValue(rounds), "--rounds"),
                RoundTime = TimeSpan.FromSeconds(Positive(parsed.GetValue(seconds), "--seconds")),
                Scale = Positive(parsed.GetValue(scale), "--scale"),
            };
            var results = await RunAsync(Choose(parsed.GetValue(names) ?? [], parsed.GetValue(peers)), options, cancellationToken);
            if (parsed.GetValue(json) is { } file)
            {
                ResultFiles.WriteJson(file.FullName, results);
            }

            if (parsed.GetValue(docs))
            {
                ResultFiles.UpdateDocs(RepositoryRoot.Combine(DocsFolder), results, [.. BenchmarkGroups.All.Select(group => group.Id)]);
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
            Console.Error.WriteLine($"{group.Id}: {group.Title}");
            var run = new BenchmarkRun(options, text => Console.Error.WriteLine($"  {text}"));
            await group.RunAsync(run, cancellationToken);
            var result = new GroupResult(group.Id, group.Title, $"./run bench {group.Id}", machine, run.Comparisons, run.Facts, run.Notes);
            ResultTables.Print(AnsiConsole.Console, result);
            results.Add(result);
        }

        return results;
    }

    private static IReadOnlyList<IBenchmarkGroup> Choose(string[] names, bool peers)
    {
        if (names.FirstOrDefault(name => BenchmarkGroups.All.All(group => group.Id != name)) is { } unknown)
        {
            throw new RunnerException($"there is no group '{unknown}'. Known: {string.Join(", ", BenchmarkGroups.All.Select(group => group.Id))}.");
        }

        return
        [
            .. BenchmarkGroups.All.Where(group =>
                names.Contains(group.Id) || (peers && group.Id == BenchmarkGroups.Peers) || (names.Length == 0 && !peers && group.IsDefault)),
        ];
    }

    private static T Positive<T>(T value, string option)
        where T : System.Numerics.INumber<T> =>
        value > T.Zero ? value : throw new RunnerException($"{option} {value}: expected more than 0.");
}
