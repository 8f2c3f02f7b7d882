using System.Text.Json;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Benchmarks;

/// <summary>
/// The benchmarks run, with little to do, and report every figure that they promise. What the figures are is not asked: with so
/// little to do they say nothing.
/// </summary>
public sealed class BenchmarkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("relay", new[] { "1–4", "6", "7" })]
    [InlineData("nats", new[] { "5", "5b" })]
    [InlineData("latency", new[] { "18" })]
    [InlineData("idle", new[] { "18" })]
    [InlineData("writers", new string[0])]
    [InlineData("polls", new[] { "9" })]
    [InlineData("history", new[] { "8" })]
    [InlineData("waiting", new[] { "19" })]
    [InlineData("cleanup", new[] { "14" })]
    [InlineData("memory", new[] { "17" })]
    [InlineData("parked", new string[0])]
    [InlineData("inbox", new[] { "10", "11" })]
    [InlineData("consumer", new string[0])]
    [InlineData("sqs", new[] { "15" })]
    [InlineData("dynamodb", new[] { "16", "20" })]
    [InlineData("runtime", new[] { "12" })]
    [InlineData("stream", new[] { "13" })]
    [InlineData("allocation", new string[0])]
    [InlineData("consumer-memory", new[] { "17" })]
    [InlineData("path", new[] { "18" })]
    public Task A_group_runs_and_reports_the_rows_that_it_is_for(string group, string[] rows) =>
        MeasureAsync(group, group is "relay" or "latency" or "idle" or "history" or "waiting" or "inbox" ? ["--store", "postgres"] : [], group, rows);

    // The table of targets speaks of PostgreSQL alone.
    [Theory]
    [InlineData("relay", "mysql")]
    [InlineData("latency", "mysql")]
    [InlineData("history", "mysql")]
    [InlineData("waiting", "mysql")]
    [InlineData("inbox", "mysql")]
    [InlineData("relay", "redis")]
    [InlineData("latency", "redis")]
    [InlineData("history", "redis")]
    [InlineData("waiting", "redis")]
    [InlineData("inbox", "redis")]
    public Task A_group_of_stores_runs_on_a_store(string group, string store) => MeasureAsync(group, ["--store", store], $"{group}-{store}", []);

    [Fact]
    public async Task A_group_that_there_is_not_is_refused_with_those_that_there_are()
    {
        var run = await RunAsync("rellay");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("there is no group 'rellay'. Known: relay, ", run.Errors, StringComparison.Ordinal);
    }

    private static async Task MeasureAsync(string group, string[] store, string result, string[] rows)
    {
        var file = Path.Combine(Path.GetTempPath(), $"relaybox-bench-{Guid.NewGuid():N}.json");
        try
        {
            var run = await RunAsync([group, .. store, "--rounds", "1", "--seconds", "0.01", "--scale", "0.02", "--json", file]);

            // 3: measured, and too noisy to be believed.
            Assert.True(run.ExitCode is 0 or 3, $"It ended with {run.ExitCode}: {run.Errors}");
            using var results = JsonDocument.Parse(await File.ReadAllTextAsync(file, Ct));
            var measured = Assert.Single(results.RootElement.EnumerateArray());
            Assert.Equal(result, measured.GetProperty("id").GetString());
            JsonElement[] all = [.. measured.GetProperty("comparisons").EnumerateArray(), .. measured.GetProperty("facts").EnumerateArray()];
            Assert.Equal(
                rows,
                all.Select(entry => entry.GetProperty("rows").GetString()!).Where(text => text.Length > 0).Distinct().Order(StringComparer.Ordinal));

            // A busy machine may tell an app of its commit only after its row was relayed: that time is below zero.
            var mayBeNegative = group is "latency" or "idle" or "waiting";
            Assert.All(
                measured.GetProperty("comparisons").EnumerateArray().SelectMany(comparison => comparison.GetProperty("arms").EnumerateArray()),
                arm => Assert.True(
                    arm.GetProperty("ratio").GetDouble() is var ratio && (ratio > 0 || (mayBeNegative && ratio < 0)), arm.ToString()));

            Assert.All(
                measured.GetProperty("facts").EnumerateArray(),
                fact => Assert.True(double.IsFinite(fact.GetProperty("value").GetDouble()), fact.ToString()));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task<ProgramRun> RunAsync(params string[] arguments) => ProgramRun.OfAsync(
        ["dotnet", BuiltProgram.PathOf("Benchmarks", "Relaybox.Benchmarks.dll"), .. arguments], Patience, Ct);
}
