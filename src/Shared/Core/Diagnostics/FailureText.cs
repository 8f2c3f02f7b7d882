using System.Data.Common;
using System.Net.Sockets;

namespace Relaybox.Diagnostics;

/// <summary>What a log says of a store's failed call.</summary>
internal static class FailureText
{
    /// <summary>The store's own explanation, or the text of an exception that is made for logs; of any other its name, and never its text.</summary>
    internal static string Of(Exception exception, object store) =>
        (store as IExplainsFailures)?.Explain(exception)?.Message
        ?? (exception is ISafeToLog ? exception.Message : (MemoryFault.Find(exception) ?? exception).GetType().Name);

    /// <summary>
    /// The exception's type, and the SQLSTATE where a database is the cause, also behind a library's own exception; never its text. Where
    /// memory has run out, that is what is named.
    /// </summary>
    internal static string NameOf(Exception exception)
    {
        if (MemoryFault.Find(exception) is { } fault)
        {
            return fault.GetType().FullName!;
        }

        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException { SqlState: { Length: 5 } state } && state.All(char.IsAsciiLetterOrDigit))
            {
                return $"{exception.GetType().FullName} ({state})";
            }
        }

        return exception.GetType().FullName!;
    }

    /// <summary>Why no connection came about, as a part of a sentence.</summary>
    internal static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "nothing listens there (connection refused)",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "nobody knows a host of that name",
        SocketError.TimedOut => "there was no answer",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route leads there",
        SocketError.ConnectionReset => "the connection was reset",
        var code => code.ToString(),
    };

    /// <summary>Where a part of an address stands: with the credentials and, only where these are a secret, in settings as well.</summary>
    internal static string Place(string credentials, string settings) =>
        credentials.StartsWith("the secret ", StringComparison.Ordinal) ? credentials + settings : credentials;

    /// <summary>The text as the beginning of a sentence.</summary>
    internal static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
