using MongoDB.Driver;

namespace Relaybox.MongoDb;

/// <summary>
/// What the server refused in the course of somebody else's code, also where that code swallowed it: the server tells once why a
/// transaction has ended, and from then on only that it has.
/// </summary>
internal sealed class HandlerErrors
{
    private static readonly AsyncLocal<HandlerErrors?> Current = new();

    static HandlerErrors() => AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) => Note(thrown.Exception);

    private HandlerErrors()
    {
    }

    /// <summary>The name of the last error that ended a transaction for good; null: none was seen.</summary>
    internal string? Last { get; private set; }

    /// <summary>Watches the caller's flow, and what it calls, from here on.</summary>
    internal static HandlerErrors Watch() => Current.Value = new HandlerErrors();

    private static void Note(Exception exception)
    {
        if (Current.Value is { } errors && exception is MongoServerException && !MongoFaults.IsTransient(exception)
            && !MongoFaults.Codes(exception).Contains(MongoFaults.NoSuchTransaction))
        {
            errors.Last = MongoFaults.Name(exception);
        }
    }
}
