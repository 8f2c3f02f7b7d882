namespace Relaybox.Local.Aws;

/// <summary>An error answer of an AWS JSON protocol service.</summary>
internal sealed class AwsCallException(string operation, string errorType, string message, int status)
    : Exception($"{operation}: {errorType}: {message} (HTTP {status})")
{
    /// <summary>The short error code, without its namespace.</summary>
    public string ErrorType { get; } = errorType;
}
