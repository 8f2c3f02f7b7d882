using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;

namespace Relaybox.Shared.Tests.Support;

/// <summary>Keeps every log line, with its exception, as it would be written.</summary>
public sealed class RecordingLogger<T> : ILogger<T>
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>What is done with a line besides, before the one who logs goes on. Default: nothing.</summary>
    public Action<string>? OnLine { get; init; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{eventId.Id} {formatter(state, exception)} {exception}";
        _lines.Enqueue(line);
        OnLine?.Invoke(line);
    }
}
