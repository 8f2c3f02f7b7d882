namespace Relaybox.Diagnostics;

/// <summary>
/// Tells when the memory of the process has run out, also behind a client's own exception. That is no fault of the server's, nor of the
/// way to it: it ends the invocation under its own name.
/// </summary>
internal static class MemoryFault
{
    /// <summary>The error of the runtime in an exception or in its causes, or null.</summary>
    internal static OutOfMemoryException? Find(Exception? exception) => exception switch
    {
        null => null,
        OutOfMemoryException e => e,
        AggregateException e => e.InnerExceptions.Select(Find).FirstOrDefault(found => found is not null),
        _ => Find(exception.InnerException),
    };

    /// <summary>Whether it is there.</summary>
    internal static bool IsIn(Exception? exception) => Find(exception) is not null;
}
