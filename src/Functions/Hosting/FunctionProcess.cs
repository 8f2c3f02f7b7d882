using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;
using Relaybox.Settings;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Relaybox.Functions.Hosting;

/// <summary>The process of one function: start-up, then invocations until the environment ends.</summary>
internal static class FunctionProcess
{
    internal const string NameVariable = "ANNOTATIONS_HANDLER";

    /// <summary>Runs the function that the environment names. Whatever is wrong at start is told to Lambda as an init error.</summary>
    /// <param name="getVariable">The environment.</param>
    /// <param name="cancellationToken">Ends the loop between two invocations.</param>
    /// <param name="runtimeApi">The Runtime API's address; null: the environment's.</param>
    /// <returns>The process's exit code.</returns>
    internal static async Task<int> RunAsync(
        Func<string, string?> getVariable, CancellationToken cancellationToken, string? runtimeApi = null)
    {
        Func<Stream, ILambdaContext, Task<Stream>>? handler = null;
        var builder = LambdaBootstrapBuilder.Create((Stream input, ILambdaContext context) => handler!(input, context))
            .UseBootstrapHandler(() =>
            {
                handler = Start(getVariable);
                return Task.FromResult(true);
            });
        if (runtimeApi is not null)
        {
            builder.ConfigureOptions(options => options.RuntimeApiEndpoint = runtimeApi);
        }

        using var bootstrap = builder.Build();
        try
        {
            await bootstrap.RunAsync(cancellationToken);
            return 0;
        }
        catch (SettingsException)
        {
            // Told to Lambda as an init error, and logged.
            return 1;
        }
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
