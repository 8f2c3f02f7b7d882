using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>Loops of a function whose handler answers with what it gets: until the Runtime API has no more events.</summary>
internal static class RuntimeLoops
{
    private static readonly TimeSpan Remaining = TimeSpan.FromMinutes(15);

    /// <summary>Nothing but a client: asks, reads, posts.</summary>
    public static async Task RunBareAsync(ReadOnlyMemory<byte> payload, long events, CancellationToken cancellationToken)
    {
        using var stub = new RuntimeStub(payload.Span, events, Remaining);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri($"http://{stub.Address}/2018-06-01/runtime/invocation/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        await RunUntilEndedAsync(stub, LoopAsync, cancellationToken);

        async Task LoopAsync(CancellationToken stop)
        {
            while (true)
            {
                using var response = await http.GetAsync("next", HttpCompletionOption.ResponseHeadersRead, stop);
                var id = response.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").First();
                using var content = new ByteArrayContent(await response.Content.ReadAsByteArrayAsync(stop));
                using var taken = await http.PostAsync($"{id}/response", content, stop);
            }
        }
    }

    /// <summary>The loop that the functions run in.</summary>
    public static async Task RunOursAsync(ReadOnlyMemory<byte> payload, long events, CancellationToken cancellationToken)
    {
        using var stub = new RuntimeStub(payload.Span, events, Remaining);
        using var bootstrap = LambdaBootstrapBuilder.Create((Stream input, ILambdaContext _) => Task.FromResult(input))
            .ConfigureOptions(options => options.RuntimeApiEndpoint = stub.Address)
            .Build();
        await RunUntilEndedAsync(stub, bootstrap.RunAsync, cancellationToken);
    }

    private static async Task RunUntilEndedAsync(RuntimeStub stub, Func<CancellationToken, Task> loop, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = loop(stop.Token);
        await (await Task.WhenAny(stub.Ended, running));
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
