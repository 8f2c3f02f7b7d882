using System.Globalization;
using Amazon.Lambda.RuntimeSupport.Bootstrap;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>What Lambda says through environment variables; read once.</summary>
internal sealed class LambdaEnvironment(LambdaBootstrapOptions options)
{
    internal const string TraceIdVariable = "_X_AMZN_TRACE_ID";

    /// <summary>Host and port of the Runtime API, and a path where one server stands for several functions.</summary>
    public string RuntimeApi { get; } = string.IsNullOrEmpty(options.RuntimeApiEndpoint)
        ? Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API")
        : options.RuntimeApiEndpoint;

    public string FunctionName { get; } = Environment.GetEnvironmentVariable("AWS_LAMBDA_FUNCTION_NAME");

    public string FunctionVersion { get; } = Environment.GetEnvironmentVariable("AWS_LAMBDA_FUNCTION_VERSION");

    public string LogGroupName { get; } = Environment.GetEnvironmentVariable("AWS_LAMBDA_LOG_GROUP_NAME");

    public string LogStreamName { get; } = Environment.GetEnvironmentVariable("AWS_LAMBDA_LOG_STREAM_NAME");

    public int MemoryLimitInMB { get; } = int.TryParse(
        Environment.GetEnvironmentVariable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        CultureInfo.InvariantCulture,
        out var megabytes) ? megabytes : 0;
}
