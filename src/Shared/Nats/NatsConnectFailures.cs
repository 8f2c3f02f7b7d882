using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>
/// Remembers why a server could not be reached. The client tells that to its log alone; what it throws names only the servers.
/// </summary>
internal sealed class NatsConnectFailures : ILoggerFactory, ILogger
{
    private volatile Exception? _last;

    /// <summary>What the client has told last of a server that it could not reach.</summary>
    internal Exception? Last => _last;

    /// <summary>The texts of an exception and of its causes, each once, and why the last server could not be reached.</summary>
    internal string Explain(Exception exception)
    {
        var texts = new List<string>();
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            Add(cause.Message);
        }

        if (exception.InnerException is null && _last is { } last)
        {
            Add(last.Message);
        }

        return string.Join(": ", texts);

        void Add(string text)
        {
            var trimmed = text.Trim().TrimEnd('.');
            if (trimmed.Length > 0 && !texts.Exists(earlier => earlier.Contains(trimmed, StringComparison.Ordinal)))
            {
                texts.Add(trimmed);
            }
        }
    }

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) =>
        categoryName == typeof(NatsConnection).FullName ? this : NullLogger.Instance;

    /// <inheritdoc />
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    /// <inheritdoc />
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _last = exception ?? _last;

    /// <inheritdoc />
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc />
    public void AddProvider(ILoggerProvider provider)
    {
        // Nothing is written anywhere.
    }

    /// <inheritdoc />
    public void Dispose()
    {
        // Nothing is held.
    }
}
