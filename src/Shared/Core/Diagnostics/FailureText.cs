namespace Relaybox.Diagnostics;

/// <summary>What a log says of a store's failed call.</summary>
internal static class FailureText
{
    /// <summary>The store's own explanation, else the exception's name; never its text.</summary>
    internal static string Of(Exception exception, object store) =>
        (store as IExplainsFailures)?.Explain(exception)?.Message ?? exception.GetType().Name;
}
