using System.Net.Sockets;
using System.Security.Authentication;
using Relaybox.Diagnostics;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Which failed calls say nothing about the row.</summary>
internal static class RedisFaults
{
    /// <summary>The first word of a script's refusal where Setup has not made what it needs.</summary>
    internal const string Schema = "RELAYBOX_SCHEMA";

    /// <summary>The server was away, starting, full, not the primary, or the keys are elsewhere: no fault of what was executed.</summary>
    private static readonly HashSet<RedisErrorKind> OfServer =
    [
        RedisErrorKind.Loading, RedisErrorKind.ClusterDown, RedisErrorKind.MasterDown, RedisErrorKind.TryAgain, RedisErrorKind.NoReplicas,
        RedisErrorKind.Misconfigured, RedisErrorKind.OutOfMemory, RedisErrorKind.Busy, RedisErrorKind.MaxClients, RedisErrorKind.Moved,
        RedisErrorKind.Ask, RedisErrorKind.ReadOnly, RedisErrorKind.NoScript, RedisErrorKind.UnknownRedirectTarget,
    ];

    /// <summary>
    /// Whether a call failed on its way, or because the server was away, starting, full or not the primary: the same call can succeed
    /// later. Whether it took effect is not known.
    /// </summary>
    internal static bool IsTransient(Exception exception) => IsOfServer(exception);

    /// <summary>The same, also where somebody else has wrapped the exception.</summary>
    internal static bool IsOfServer(Exception? exception)
    {
        if (MemoryFault.IsIn(exception))
        {
            return false;
        }

        for (; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                case RedisServerException e:
                    return OfServer.Contains(e.Kind);
                case RedisConnectionException { InnerException: AuthenticationException }:
                    return false;
                case RedisConnectionException e:
                    return !IsRefusal(e);
                case DurabilityUnknownException:
                    return false;
                case RedisTimeoutException or TimeoutException or SocketException or IOException:
                    return true;
            }
        }

        return false;
    }

    /// <summary>Whether the user or the password is not one that the server lets in.</summary>
    internal static bool IsRefusal(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            // The client's own word for it, an authentication failure, stands for handshakes of TLS as well.
            if (exception is RedisServerException { Kind: RedisErrorKind.NoAuth or RedisErrorKind.WrongPass })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the server takes no writes: it is a replica, or a primary that is one now.</summary>
    internal static bool IsOfReadOnlyServer(Exception exception) => exception is RedisServerException { Kind: RedisErrorKind.ReadOnly };

    /// <summary>Whether the connection was lost, or nobody answered on it.</summary>
    internal static bool IsOfConnection(Exception exception) => exception is RedisConnectionException or RedisTimeoutException;

    /// <summary>Whether a script has refused to write because Setup has not run for this version and this number of buckets.</summary>
    internal static bool IsOfSchema(Exception? exception) =>
        exception is RedisServerException { Message: { } text } && text.StartsWith(Schema, StringComparison.Ordinal);

    /// <summary>Whether the user lacks a right, also where only a script of its found that out.</summary>
    internal static bool IsOfRights(RedisServerException exception) => exception.Kind == RedisErrorKind.NoPermission
        || exception.Message.Contains("The user executing the script can't", StringComparison.Ordinal)
        || exception.Message.Contains("ACL failure in script", StringComparison.Ordinal);

    /// <summary>What is kept of a failure: the first word of the server's answer, or the exception's name; never its text.</summary>
    internal static string Name(Exception exception) => exception is RedisServerException e && FirstWord(e.Message) is { } word
        ? word
        : exception.GetType().Name;

    /// <summary>The word that an error of the server begins with, such as <c>WRONGTYPE</c>; empty: it begins with no such word.</summary>
    internal static string Code(RedisServerException exception) => FirstWord(exception.Message) ?? "";

    // A word in capitals is the server's code. Anything else could be what a script's argument held.
    private static string? FirstWord(string text)
    {
        var word = text.StartsWith("SimpleError: ", StringComparison.Ordinal) ? text["SimpleError: ".Length..] : text;
        word = word.Split(' ', 2)[0];
        return word.Length is > 1 and <= 24 && word.All(c => char.IsAsciiLetterUpper(c) || c == '_') ? word : null;
    }
}
