using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Relaybox.Functions.Hosting;

/// <summary>The process of one function: start-up, then invocations until the environment ends.</summary>
internal static class FunctionProcess
{
    internal const string NameVariable = "ANNOTATIONS_HANDLER";

    /// <summary>Runs the function that the environment names. Whatever is wrong at start is told to Lambda as an init error.</summary>
    /// <param name="getVariable">The environment.</param>
    /// <param name="cancellationToken">Ends the loop between two invocations.</param>
    /// <param name="httpClient">The client for the Runtime API; null: the runtime's own.</param>
    internal static async Task<int> RunAsync(
        Func<string, string?> getVariable, CancellationToken cancellationToken, HttpClient? httpClient = null)
    {
        Func<Stream, ILambdaContext, Task<Stream>>? handler = null;
        var builder = LambdaBootstrapBuilder.Create((Stream input, ILambdaContext context) => handler!(input, context))
            .UseBootstrapHandler(() =>
            {
                handler = Start(getVariable);
                return Task.FromResult(true);
            });
        using var bootstrap = (httpClient is null ? builder : builder.UseHttpClient(httpClient)).Build();
        await bootstrap.RunAsync(cancellationToken);
        return 0;
    }

    private static Func<Stream, ILambdaContext, Task<Stream>> Start(Func<string, string?> getVariable)
    {
        var name = getVariable(NameVariable);
        try
        {
            return FunctionCatalog.Create(name, getVariable);
        }
        catch (Exception e)
        {
            var logger = new JsonLoggerProvider(LogLevel.Information, name ?? "", JsonLines.StandardOutput).CreateLogger("Start");
            FunctionLog.StartFailed(logger, e.Message);
            throw;
        }
    }
}
