using Relaybox.Local.Demo;
using Relaybox.Local.Running;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Native;

/// <summary>What is different where the functions are one native executable: what is reached by reflection alone is not there.</summary>
public sealed class NativeExecutableTests(NativePublication native) : IClassFixture<NativePublication>
{
    [Theory]
    [InlineData("dynamodb", "sqs")]
    [InlineData("postgres", "nats")]
    public async Task Every_order_has_its_effect_once_through_the_native_executable(string store, string broker)
    {
        await using var stack = await RunningStack.StartAsync(
            native.Folder,
            duplicatePercent: 20,
            options => options with { RunSchedules = true },
            ("Store", store),
            ("Broker", broker));
        await using var app = DemoApps.Of(stack.Runner);

        var summary = await new DemoRun(stack.Runner, app, new DemoOptions(100, 100, 20, Json: false), new ProgressLine(), TimeProvider.System)
            .RunAsync(CancellationToken.None);

        Assert.True(summary.IsClean, $"{summary.ToText()} {stack.Output}");
        Assert.Equal((100, 100, 100), (summary.Written, summary.Sent, summary.Effects));
        Assert.True(summary.DuplicatesInjected > 0, summary.ToText());
        foreach (var (function, job) in new[] { ("Cleanup", "cleanup"), ("ResetStale", "reset-stale"), ("Reconcile", "reconcile") })
        {
            if (stack.Runner.Functions.ContainsKey(function))
            {
                Assert.Contains($"\"job\":\"{job}\"", await stack.InvokeAsync(function), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void The_package_holds_the_executable_and_its_native_library_and_no_lock_file_changes()
    {
        Assert.Equal(
            ["Relaybox.Functions", "libsodium.so"],
            Directory.EnumerateFileSystemEntries(native.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(native.ChangedLockFiles);
    }

    [Fact]
    public async Task A_function_that_cannot_start_says_why_and_where_in_words()
    {
        var run = await ProgramRun.OfAsync(
            [native.Program],
            TimeSpan.FromMinutes(1),
            TestContext.Current.CancellationToken,
            new Dictionary<string, string> { ["ANNOTATIONS_HANDLER"] = "Nope" });

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("ANNOTATIONS_HANDLER is 'Nope'. Set it to one of: StreamRelay,", run.Output, StringComparison.Ordinal);
        Assert.Contains("at Relaybox.Functions.Hosting.FunctionCatalog.Create(", run.Errors, StringComparison.Ordinal);
    }

    // What Lambda's packaging tool asks before it publishes. `sam build` hands it no properties, but the environment.
    [Theory]
    [InlineData("true", "true", "true")]
    [InlineData("false", "", "false")]
    public async Task The_environment_decides_whether_the_packaging_tool_publishes_native_code(string value, string publishAot, string selfContained)
    {
        var environment = new Dictionary<string, string> { ["NativeFunctions"] = value };

        Assert.Equal(publishAot, await PropertyAsync("PublishAot"));
        Assert.Equal(selfContained, await PropertyAsync("SelfContained"));

        async Task<string> PropertyAsync(string name) => (await ProgramRun.OfAsync(
            ["dotnet", "msbuild", "src/Functions/Functions.csproj", "-nologo", "-nodeReuse:false", $"--getProperty:{name}"],
            TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken,
            environment)).Output.Trim();
    }

    // What the tool does in a container of its own, which gets none of the environment.
    [Fact]
    public async Task A_self_contained_build_that_is_not_native_is_refused()
    {
        var run = await ProgramRun.OfAsync(
            [
                "dotnet", "msbuild", "src/Functions/Functions.csproj", "-nologo", "-nodeReuse:false", "-t:RefuseSelfContained",
                "-p:SelfContained=true", "-p:StripSymbols=true",
            ],
            TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("set NativeFunctions=true where dotnet publish runs", run.Output, StringComparison.Ordinal);
    }
}
