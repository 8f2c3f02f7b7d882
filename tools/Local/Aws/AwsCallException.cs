namespace Relaybox.Local.Aws;

/// <summary>An error answer of an AWS JSON protocol service.</summary>
internal sealed class AwsCallException(string operation, string errorType, string message, int status)
    : Exception($"{operation}: {errorType}: {message} (HTTP {status})")
{
    /// <summary>The short error code, without its namespace.</summary>
    public string ErrorType { get; } = errorType;

    /// <summary>True when the same call may succeed a moment later.</summary>
    public bool IsTransient { get; } = status >= 500
        || errorType.Contains("Throttl", StringComparison.Ordinal)
        || errorType == "LimitExceededException";
}
