using System.Diagnostics;
using Relaybox.Benchmarks.Harness;
using Relaybox.Benchmarks.Lambda;
using Relaybox.Local.Lambda;
using Relaybox.Local.Stack;

namespace Relaybox.Benchmarks.Groups;

/// <summary>Cold starts of the published functions, beside a program that says hello.</summary>
internal sealed class StartupGroup : IBenchmarkGroup
{
    private const int FewestStarts = 3;
    private const string Hello = "hello";
    private const string Asking = "hello, asking for an event by HttpClient";
    private const string Native = "native: ";

    private static readonly (string Store, string Broker)[] Choices =
        [("dynamodb", "sqs"), ("dynamodb", "nats"), ("postgres", "sqs"), ("postgres", "nats")];

    // A cold sweep or pull that waits for more would be timed for its waiting.
    private static readonly Dictionary<string, string> WithoutWaiting = new() { ["SWEEP_LISTEN_SECONDS"] = "0", ["PULL_SECONDS"] = "1" };

    public string Id => "startup";

    public string Title => "Cold starts of the published functions: process start to the first request for an event, and the first event";

    public bool IsDefault => false;

    public async Task RunAsync(BenchmarkRun run, CancellationToken cancellationToken)
    {
        run.Say("publishing ...");
        var hello = await ProgramAsync("tests/Hello/Hello.csproj", "Relaybox.Hello", native: false, cancellationToken);
        var nativeHello = await ProgramAsync("tests/Hello/Hello.csproj", "Relaybox.Hello", native: true, cancellationToken);
        var program = await ProgramAsync("src/Functions/Functions.csproj", "Relaybox.Functions", native: false, cancellationToken);
        var nativeProgram = await ProgramAsync("src/Functions/Functions.csproj", "Relaybox.Functions", native: true, cancellationToken);
        foreach (var (store, broker) in Choices)
        {
            run.Say($"{store} and {broker} ...");
            await using var stack = await BenchStack.StartAsync(Path.GetDirectoryName(program)!, store, broker, cancellationToken);
            var functions = stack.Runner.Stack.Functions.Select(function => (function, Environment: EnvironmentOf(stack, function))).ToList();
            var nativeArms = functions
                .Select(item => StartOf(
                    $"{Native}{item.function.ShortName}", ct => ToFirstRequestAsync(nativeProgram, item.Environment, ct), Target.AtMost(2)))
                .ToList();
            await run.CompareAsync(
                new Comparison($"Start to first request, {store} and {broker}", [new Metric("start", "ms")], [
                    StartOf(Hello, ct => ColdStart.ToFirstLineAsync(hello, ct)),
                    StartOf(Asking, ct => ToFirstRequestAsync(hello, [], ct)),
                    .. functions.Select(item => StartOf(
                        item.function.ShortName, ct => ToFirstRequestAsync(program, item.Environment, ct), Target.AtMost(2))),
                    .. nativeArms,
                ])
                { Rows = "12" },
                cancellationToken);
            await run.CompareAsync(
                new Comparison($"Native start to first request, {store} and {broker}", [new Metric("start", "ms")], [
                    StartOf($"{Native}{Hello}", ct => ColdStart.ToFirstLineAsync(nativeHello, ct)),
                    StartOf($"{Native}{Asking}", ct => ToFirstRequestAsync(nativeHello, [], ct)),
                    .. nativeArms.Select(arm => arm with { Targets = new Dictionary<string, Target>() }),
                ])
                { Rows = "12" },
                cancellationToken);
            foreach (var (function, environment) in functions)
            {
                await CountFirstEventAsync(run, program, function, environment, $"{function.ShortName}, {store} and {broker}", cancellationToken);
                await CountFirstEventAsync(
                    run, nativeProgram, function, environment, $"{Native}{function.ShortName}, {store} and {broker}", cancellationToken);
            }
        }

        run.Note(
            "The functions and the program that says hello are published with the same options: "
            + "compiled ahead of time for the machine's .NET, or, where it says native, as native code. "
            + "It begins its line of output when it has started; "
            + "the functions have read their settings and made what they need by their first request. "
            + "The start needs no server; the first event is one new row, one message or a schedule's input, on emulators that are warm.");
        run.Note("PullConsume waits a second for messages, which is in its first event.");
    }

    private static async Task<string> ProgramAsync(string project, string name, bool native, CancellationToken cancellationToken) =>
        Path.Combine(await Published.PublishAsync(project, native, cancellationToken), name);

    private static async Task<double> ToFirstRequestAsync(
        string program, Dictionary<string, string> environment, CancellationToken cancellationToken) =>
        (await ColdStart.ToFirstEventAsync(program, environment, null, cancellationToken)).Start;

    private static async Task CountFirstEventAsync(
        BenchmarkRun run, string program, FunctionDefinition function,
        IReadOnlyDictionary<string, string> environment, string name, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (var i = 0; i < Math.Max(FewestStarts, run.Options.Rounds); i++)
        {
            var payload = FirstEvents.For(function);
            times.Add((await ColdStart.ToFirstEventAsync(program, environment, payload, cancellationToken)).FirstEvent);
        }

        run.Count($"{name}: first event", Statistics.Median(times), "ms", rows: "12");
    }

    private static Arm StartOf(string name, Func<CancellationToken, Task<double>> startAsync, Target? target = null)
    {
        return new Arm(name, MeasureAsync)
        {
            Targets = target is null ? new Dictionary<string, Target>() : new Dictionary<string, Target> { [""] = target },
        };

        async Task<double[]> MeasureAsync(TimeSpan atLeast, CancellationToken cancellationToken)
        {
            var times = new List<double>();
            var since = Stopwatch.GetTimestamp();
            while (times.Count < FewestStarts || Stopwatch.GetElapsedTime(since) < atLeast)
            {
                times.Add(await startAsync(cancellationToken));
            }

            return [Statistics.Median(times)];
        }
    }

    private static Dictionary<string, string> EnvironmentOf(BenchStack stack, FunctionDefinition function) => WorkerEnvironment.Create(
        function, "", "bench", stack.Runner.Ports.Runtime, stack.Runner.Servers.AwsEndpoints, WithoutWaiting);
}
