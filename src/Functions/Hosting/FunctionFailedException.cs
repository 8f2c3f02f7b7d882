using Amazon.Runtime;
using Relaybox.Diagnostics;

namespace Relaybox.Functions.Hosting;

/// <summary>
/// What Lambda is told when an invocation fails, and writes to the log: where it failed and with which kind of error. The
/// texts of others' exceptions are left out, because they can quote what a statement or a message held.
/// </summary>
internal sealed class FunctionFailedException : Exception
{
    private readonly string? _stackTrace;

    internal FunctionFailedException(Exception cause)
        : base(Describe(cause)) => _stackTrace = cause.StackTrace ?? cause.InnerException?.StackTrace;

    /// <summary>Where the error was thrown.</summary>
    public override string? StackTrace => _stackTrace ?? base.StackTrace;

    private static string Describe(Exception cause) => cause switch
    {
        ISafeToLog => cause.Message,
        AmazonServiceException { ErrorCode: { Length: > 0 } code } => $"{cause.GetType().FullName} ({code})",
        _ => FailureText.NameOf(cause),
    };
}
