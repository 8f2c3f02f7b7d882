using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport.Bootstrap;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>
/// The loop of a function: takes the next event from the Runtime API, runs the handler, and posts its response or its
/// error, one event at a time.
/// </summary>
public class LambdaBootstrap : IDisposable
{
    private readonly RuntimeApi _api;
    private readonly InvocationHandler _handler;
    private readonly ILambdaSerializer _serializer;
    private readonly LambdaBootstrapInitializer _initializer;
    private readonly HttpMessageInvoker _ownClient;
    private string _traceId;

    internal LambdaBootstrap(
        HttpClient httpClient,
        InvocationHandler handler,
        ILambdaSerializer serializer,
        LambdaBootstrapInitializer initializer,
        LambdaBootstrapOptions options)
    {
        if (httpClient is null)
        {
            _ownClient = RuntimeApi.CreateClient();
        }
        else
        {
            // The next event may be hours away.
            httpClient.Timeout = Timeout.InfiniteTimeSpan;
        }

        _api = new RuntimeApi(httpClient ?? _ownClient, new LambdaEnvironment(options));
        _handler = handler;
        _serializer = serializer;
        _initializer = initializer;
    }

    /// <summary>
    /// Handles events until the token is cancelled. What a handler throws is reported and the loop goes on. Whatever
    /// the Runtime API does not take ends it: Lambda then starts a new process.
    /// </summary>
    /// <exception cref="HttpRequestException">The Runtime API cannot be reached.</exception>
    /// <exception cref="RuntimeApiClientException">The Runtime API refused a request.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (_initializer is not null && !await InitializeAsync(cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await InvokeOnceAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                // The wait for the next event timed out.
            }
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ownClient?.Dispose();
        }
    }

    private async Task<bool> InitializeAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _initializer().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(exception.ToString()).ConfigureAwait(false);
            await _api.PostInitErrorAsync(exception, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async Task InvokeOnceAsync(CancellationToken cancellationToken)
    {
        var invocation = await _api.NextAsync(cancellationToken).ConfigureAwait(false);
        var context = invocation.LambdaContext;
        context.Serializer = _serializer;
        PublishTraceId(context.TraceId);

        InvocationOutput output;
        try
        {
            output = await _handler(invocation).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(exception.ToString()).ConfigureAwait(false);
            await _api.PostErrorAsync(context.AwsRequestId, exception, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            await _api.PostResponseAsync(context.AwsRequestId, output.Stream, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (output.Dispose)
            {
                await output.Stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private void PublishTraceId(string traceId)
    {
        if (traceId != _traceId)
        {
            Environment.SetEnvironmentVariable(LambdaEnvironment.TraceIdVariable, traceId);
            _traceId = traceId;
        }
    }
}
