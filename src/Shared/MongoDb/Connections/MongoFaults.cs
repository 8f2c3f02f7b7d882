using System.Net.Sockets;
using MongoDB.Driver;
using Relaybox.Diagnostics;

namespace Relaybox.MongoDb;

/// <summary>Which failed calls say nothing about the row.</summary>
internal static class MongoFaults
{
    internal const string TransientTransaction = "TransientTransactionError";
    internal const string UnknownCommit = "UnknownTransactionCommitResult";
    internal const int DuplicateKey = 11000;
    internal const int Unauthorized = 13;
    internal const int NoSuchTransaction = 251;

    private const string RetryableWrite = "RetryableWriteError";
    private const int ValidationFailure = 121;
    private const int AuthenticationFailed = 18;
    private const int TransactionNumbersRefused = 20;
    private const int WriteConflict = 112;

    /// <summary>The server was away, ending, starting, or not the primary: no fault of what was executed.</summary>
    private static readonly HashSet<int> OfServer = [6, 7, 89, 91, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436];

    /// <summary>
    /// Whether a call failed on its way, because it met another transaction, or because the server was not the primary: the same call
    /// can succeed later. Whether it took effect is not known.
    /// </summary>
    internal static bool IsTransient(Exception exception) =>
        !MemoryFault.IsIn(exception)
        && (IsOfServer(exception) || Codes(exception).Contains(WriteConflict) || HasLabel(exception, TransientTransaction)
            || exception is MongoExecutionTimeoutException or MongoWriteConcernException);

    /// <summary>
    /// Whether the server was away, ending, starting or not the primary: no fault of what was executed. It looks, too, into an exception
    /// that somebody else has wrapped around the driver's.
    /// </summary>
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
                case MongoAuthenticationException:
                    return false;
                case MongoConnectionException or MongoNotPrimaryException or MongoNodeIsRecoveringException or MongoConnectionPoolPausedException:
                case MongoWaitQueueFullException or TimeoutException or SocketException or IOException:
                case MongoException e when e.HasErrorLabel(RetryableWrite) || Codes(e).Any(OfServer.Contains):
                    return true;
            }
        }

        return false;
    }

    /// <summary>Whether the server has given a failure this label, such as <see cref="TransientTransaction"/>.</summary>
    internal static bool HasLabel(Exception? exception, string label)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is MongoException e && e.HasErrorLabel(label))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a rule of the database did not hold: a unique index, or a validator.</summary>
    internal static bool IsFailedCondition(Exception exception) =>
        Codes(exception).Any(code => code is DuplicateKey or ValidationFailure);

    /// <summary>Whether the user or the password is not one that the server lets in.</summary>
    internal static bool IsRefusal(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is MongoAuthenticationException || Codes(exception).Contains(AuthenticationFailed))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the server is a standalone one, which has no transactions.</summary>
    internal static bool IsOfStandalone(Exception exception) =>
        exception is MongoCommandException { Code: TransactionNumbersRefused } or NotSupportedException
            { Message: "Standalone servers do not support transactions." };

    /// <summary>
    /// The name of an error that ends a transaction for good; null where the same can succeed later, or where it has ended already.
    /// </summary>
    internal static string? NameOfRefusal(Exception exception) =>
        exception is MongoServerException && !IsTransient(exception) && !Codes(exception).Contains(NoSuchTransaction) ? Name(exception) : null;

    /// <summary>What is kept of a failure: the server's name of the error, or the exception's; never its text.</summary>
    internal static string Name(Exception exception) => exception switch
    {
        MongoCommandException { CodeName.Length: > 0 } e => e.CodeName,
        _ when Codes(exception).FirstOrDefault() is > 0 and var code => $"error {code}",
        _ => exception.GetType().Name,
    };

    /// <summary>The server's codes in an exception: of the command, of its writes, and of the write concern.</summary>
    internal static IEnumerable<int> Codes(Exception exception)
    {
        switch (exception)
        {
            case MongoBulkWriteException e:
                foreach (var error in e.WriteErrors)
                {
                    yield return error.Code;
                }

                if (e.WriteConcernError is { } concern)
                {
                    yield return concern.Code;
                }

                break;
            case MongoWriteException e:
                if (e.WriteError is { } write)
                {
                    yield return write.Code;
                }

                if (e.WriteConcernError is { } ofConcern)
                {
                    yield return ofConcern.Code;
                }

                break;
            case MongoCommandException e:
                yield return e.Code;
                break;
        }
    }
}
