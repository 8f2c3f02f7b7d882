using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport.Bootstrap;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>Puts a handler, its serializer and an HTTP client together to a <see cref="LambdaBootstrap"/>.</summary>
public class LambdaBootstrapBuilder
{
    private readonly InvocationHandler _handler;
    private readonly ILambdaSerializer _serializer;
    private readonly LambdaBootstrapOptions _options = new();
    private HttpClient _httpClient;
    private LambdaBootstrapInitializer _initializer;

    private LambdaBootstrapBuilder(InvocationHandler handler, ILambdaSerializer serializer)
    {
        _handler = handler;
        _serializer = serializer;
    }

    /// <summary>A handler that takes an event and answers with an object.</summary>
    public static LambdaBootstrapBuilder Create<TInput, TOutput>(
        Func<TInput, ILambdaContext, Task<TOutput>> handler, ILambdaSerializer serializer)
    {
        // One invocation at a time: the buffer of the last response serves the next one.
        var output = new MemoryStream();
        return new LambdaBootstrapBuilder(
            async invocation =>
            {
                var input = serializer.Deserialize<TInput>(invocation.InputStream);
                var result = await handler(input, invocation.LambdaContext).ConfigureAwait(false);
                output.SetLength(0);
                serializer.Serialize(result, output);
                output.Position = 0;
                return new InvocationOutput(output, Dispose: false);
            },
            serializer);
    }

    /// <summary>A handler that takes an event and answers with nothing.</summary>
    public static LambdaBootstrapBuilder Create<TInput>(
        Func<TInput, ILambdaContext, Task> handler, ILambdaSerializer serializer) =>
        new(
            async invocation =>
            {
                var input = serializer.Deserialize<TInput>(invocation.InputStream);
                await handler(input, invocation.LambdaContext).ConfigureAwait(false);
                return new InvocationOutput(Stream.Null, Dispose: false);
            },
            serializer);

    /// <summary>A handler that takes the payload as it came, and answers with one as it goes out.</summary>
    public static LambdaBootstrapBuilder Create(Func<Stream, ILambdaContext, Task<Stream>> handler) =>
        new(
            async invocation =>
            {
                var output = await handler(invocation.InputStream, invocation.LambdaContext).ConfigureAwait(false);
                ArgumentNullException.ThrowIfNull(output);
                return new InvocationOutput(output, Dispose: true);
            },
            serializer: null);

    /// <summary>Talks to the Runtime API through this client, which stays the caller's to dispose.</summary>
    public LambdaBootstrapBuilder UseHttpClient(HttpClient httpClient)
    {
        _httpClient = httpClient;
        return this;
    }

    /// <summary>Runs this before the first event; what it throws is reported as an initialization error.</summary>
    public LambdaBootstrapBuilder UseBootstrapHandler(LambdaBootstrapInitializer lambdaBootstrapInitializer)
    {
        _initializer = lambdaBootstrapInitializer;
        return this;
    }

    public LambdaBootstrapBuilder ConfigureOptions(Action<LambdaBootstrapOptions> options = null)
    {
        options?.Invoke(_options);
        return this;
    }

    public LambdaBootstrap Build() => new(_httpClient, _handler, _serializer, _initializer, _options);
}
