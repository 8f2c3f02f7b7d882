namespace Relaybox.Diagnostics;

/// <summary>
/// What a store refused while somebody else's code ran, even where that code swallowed the exception: a server says once why a
/// transaction has failed, and from then on only that it has.
/// </summary>
internal sealed class ErrorWatch
{
    private static readonly AsyncLocal<ErrorWatch?> Current = new();

    private readonly Func<Exception, string?> _nameOf;

    static ErrorWatch() => AppDomain.CurrentDomain.FirstChanceException += static (_, thrown) => Current.Value?.Note(thrown.Exception);

    private ErrorWatch(Func<Exception, string?> nameOf) => _nameOf = nameOf;

    /// <summary>The store's name of the last error that made a transaction fail; null if none was seen.</summary>
    internal string? Last { get; private set; }

    /// <summary>Watches the caller's flow, and what it calls, from here on.</summary>
    /// <param name="nameOf">
    /// The store's name of an error that makes a transaction fail; null for every other exception. It is called for each exception
    /// that is thrown, so it must be quick and must not throw.
    /// </param>
    internal static ErrorWatch Start(Func<Exception, string?> nameOf) => Current.Value = new ErrorWatch(nameOf);

    private void Note(Exception exception) => Last = _nameOf(exception) ?? Last;
}
