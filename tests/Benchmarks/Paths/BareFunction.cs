using Relaybox.Benchmarks.Lambda;
using Relaybox.Local.Lambda;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;
using Relaybox.Local.Stack;

namespace Relaybox.Benchmarks.Paths;

/// <summary>
/// A function that does nothing, invoked through the runner's own Runtime API: what an invocation takes by itself. The calls of
/// its worker are made by a plain client here, so that none is woken but the API; a process that sleeps stands for the worker.
/// </summary>
internal sealed class BareFunction : IAsyncDisposable
{
    private const string Name = "Bare";

    private readonly RuntimeApiServer _server;
    private readonly FunctionHost _host;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<string> _started;
    private Task _answering = Task.CompletedTask;

    private BareFunction(RuntimeApiServer server, IDictionary<string, FunctionHost> hosts)
    {
        _server = server;
        _started = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _host = new FunctionHost(
            new FunctionDefinition(Name, Name, Name, Name, 60, 128, null, 0, 60, new Dictionary<string, string>(), []),
            new FunctionHostOptions { StartWorker = (_, worker) => StartWorker(worker) },
            new Silence(),
            TimeProvider.System);
        hosts.Add(Name, _host);
    }

    public static async Task<BareFunction> StartAsync(CancellationToken cancellationToken)
    {
        var hosts = new Dictionary<string, FunctionHost>();
        var function = new BareFunction(await RuntimeApiServer.StartAsync(NetworkPorts.Free(1)[0], hosts, null, cancellationToken), hosts);
        function._host.Start();
        function._answering = function.AnswerAsync(await function._started.Task.WaitAsync(cancellationToken), function._stopping.Token);
        return function;
    }

    /// <summary>From an event to its answer.</summary>
    public Task InvokeAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) => _host.InvokeAsync(payload, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _host.DisposeAsync();
        await _server.DisposeAsync();
        _http.Dispose();
        _stopping.Dispose();
    }

    private ChildProcess StartWorker(string worker)
    {
        var process = ChildProcess.Start(Executables.Require("sleep", "This benchmark", "Install coreutils."), ["infinity"], null, null, _ => { });
        _started.TrySetResult(worker);
        return process;
    }

    private async Task AnswerAsync(string worker, CancellationToken cancellationToken)
    {
        var invocations = $"http://{_server.AddressOf(Name, worker)}/2018-06-01/runtime/invocation";
        while (true)
        {
            using var invocation = await _http.GetAsync($"{invocations}/next", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var id = invocation.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").First();
            await invocation.Content.ReadAsByteArrayAsync(cancellationToken);
            using var answer = new ByteArrayContent([]);
            using var taken = await _http.PostAsync($"{invocations}/{id}/response", answer, cancellationToken);
        }
    }
}
