using System.Text.Json;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>The demo as a person or a script runs it.</summary>
public sealed class DemoCommandTests
{
    [Fact]
    public async Task The_demo_ends_with_code_0_and_prints_one_JSON_object_and_nothing_else()
    {
        var state = Directory.CreateTempSubdirectory("relaybox-e2e-");
        try
        {
            var (code, output, errors) = await RunAsync(
                "--store", "postgres", "--broker", "nats", "--count", "20", "--rate", "0", "--duplicates", "50", "--json",
                "--state-dir", state.FullName, "--functions-dir", Publication.Folder, "--template", RepositoryRoot.Combine("template.yaml"));

            Assert.True(code == 0, errors);
            var summary = JsonDocument.Parse(output).RootElement;
            Assert.Equal(
                [
                    "written", "sent", "effects", "duplicatesInjected", "duplicatesSuppressed", "lost", "doubled",
                    "p50Ms", "p99Ms", "slowestMs", "slowestAtStartMs", "reservations",
                ],
                summary.EnumerateObject().Select(field => field.Name));
            Assert.Equal(
                (20, 20, 20, 0, 0),
                (Number("written"), Number("sent"), Number("effects"), Number("lost"), Number("doubled")));
            Assert.True(Number("p50Ms") > 0 && Number("p99Ms") >= Number("p50Ms"), output);
            Assert.Contains("Every order had its effect exactly once.", errors, StringComparison.Ordinal);

            long Number(string name) => summary.GetProperty(name).GetInt64();
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("--count", "0", "--count 0: expected 1 or more.")]
    [InlineData("--duplicates", "101", "--duplicates 101: expected 0 to 100.")]
    [InlineData("--rate", "-1", "--rate -1: expected 0 or more orders a second.")]
    public async Task A_number_that_makes_no_sense_ends_with_code_2_and_is_named(string option, string value, string message)
    {
        var (code, output, errors) = await RunAsync(option, value);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(message, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    private static Task<ProgramRun> RunAsync(params string[] arguments) => ProgramRun.OfAsync(
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "relaybox-local.dll"), "demo", .. arguments],
        TimeSpan.FromMinutes(3),
        TestContext.Current.CancellationToken);
}
