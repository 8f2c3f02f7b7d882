using System.Data.Common;
using System.Net.Sockets;

namespace Relaybox.Diagnostics;

/// <summary>What a log says of a store's failed call.</summary>
internal static class FailureText
{
    /// <summary>The store's own explanation, else the exception's name; never its text.</summary>
    internal static string Of(Exception exception, object store) =>
        (store as IExplainsFailures)?.Explain(exception)?.Message ?? exception.GetType().Name;

    /// <summary>
    /// The exception's type, and the SQLSTATE where a database is the cause, also behind a library's own exception; never its text.
    /// </summary>
    internal static string NameOf(Exception exception)
    {
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

    /// <summary>The text as the beginning of a sentence.</summary>
    internal static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
