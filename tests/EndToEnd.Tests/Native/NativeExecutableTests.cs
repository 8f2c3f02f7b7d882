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
    [InlineData("mysql", "sqs")]
    public async Task Every_order_has_its_effect_once_through_the_native_executable(string store, string broker)
    {
        await using var stack = await RunningStack.StartAsync(
            native.Folder,
            duplicatePercent: 20,
            options => options with { RunSchedules = true },
            ("Store", store),
            ("Broker", broker));
        await using var app = stack.Runner.CreateDemoApp();

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
    public void The_package_holds_the_executable_alone_and_no_lock_file_changes()
    {
        Assert.Equal(
            ["Relaybox.Functions"],
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
        Assert.Contains("ANNOTATIONS_HANDLER is not a function's name. Set it to one of: StreamRelay,", run.Output, StringComparison.Ordinal);
        Assert.Contains("at Relaybox.Functions.Hosting.FunctionCatalog.Create(", run.Errors, StringComparison.Ordinal);
    }

    // `sam build` hands Lambda's packaging tool no properties but the environment, and the tool says that nothing is self-contained.
    [Theory]
    [InlineData("true", "true", "true")]
    [InlineData("false", "", "false")]
    public async Task The_environment_decides_whether_sam_builds_native_code(string value, string publishAot, string selfContained)
    {
        Assert.Equal(publishAot, await PropertyAsync("PublishAot"));
        Assert.Equal(selfContained, await PropertyAsync("SelfContained"));

        async Task<string> PropertyAsync(string name) => (await MsBuildAsync(value, "-p:SelfContained=False", $"--getProperty:{name}")).Output.Trim();
    }

    // What the tool does without sam: in a container of its own, which gets none of the environment.
    [Fact]
    public async Task A_native_build_that_has_lost_the_switch_is_refused()
    {
        var run = await MsBuildAsync("", "-t:RefuseNativeWithoutTheSwitch", "-p:StripSymbols=true");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("NativeFunctions is not true where dotnet publish runs", run.Output, StringComparison.Ordinal);
    }

    private static Task<ProgramRun> MsBuildAsync(string nativeFunctions, params string[] arguments) => ProgramRun.OfAsync(
        ["dotnet", "msbuild", "src/Functions/Functions.csproj", "-nologo", "-nodeReuse:false", .. arguments],
        TimeSpan.FromMinutes(2),
        TestContext.Current.CancellationToken,
        new Dictionary<string, string> { ["NativeFunctions"] = nativeFunctions });
}
