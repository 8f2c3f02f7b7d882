using Amazon.Lambda.RuntimeSupport;

namespace Relaybox.Substitutes.Tests.RuntimeApi;

/// <summary>A bootstrap that runs against a server of this process, until it is disposed.</summary>
public sealed class RunningFunction : IAsyncDisposable
{
    private readonly LambdaBootstrap _bootstrap;
    private readonly CancellationTokenSource _stop = new();

    public RunningFunction(LambdaBootstrapBuilder builder, string runtimeApi)
    {
        // A real runtime would cap the heap of this process at the memory of the function.
        Environment.SetEnvironmentVariable("AWS_LAMBDA_DOTNET_DISABLE_MEMORY_LIMIT_CHECK", "true");
        _bootstrap = builder.ConfigureOptions(options => options.RuntimeApiEndpoint = runtimeApi).Build();
        Completion = Task.Run(() => _bootstrap.RunAsync(_stop.Token));
    }

    public Task Completion { get; }

    public Task StopAsync()
    {
        _stop.Cancel();
        return Completion.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Completion.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(20));
        _bootstrap.Dispose();
        _stop.Dispose();
    }
}
