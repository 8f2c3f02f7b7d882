using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;

namespace Relaybox.Functions.Hosting;

/// <summary>Logs as JSON lines: time, level, function, request id, event id, message, and its values by name.</summary>
internal sealed class JsonLoggerProvider(LogLevel minimum, string functionName, JsonLines lines) : ILoggerProvider
{
    private static readonly AsyncLocal<string?> RequestId = new();

    private readonly LogLevel _minimum = minimum;
    private readonly string _functionName = functionName;
    private readonly JsonLines _lines = lines;

    /// <summary>Puts an invocation's request id on every line that is logged from here on in this flow.</summary>
    internal static void BeginInvocation(string? requestId) => RequestId.Value = requestId;

    /// <summary>Puts that id on a line, where there is one.</summary>
    internal static void WriteRequestId(Utf8JsonWriter writer)
    {
        if (RequestId.Value is { } requestId)
        {
            writer.WriteString("requestId"u8, requestId);
        }
    }

    public ILogger CreateLogger(string categoryName) => new JsonLogger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class JsonLogger(JsonLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= provider._minimum && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                provider._lines.Write(
                    (provider, logLevel, category, eventId, Message: formatter(state, exception), Values: state, exception),
                    static (writer, line) => WriteLine(
                        writer, line.provider, line.logLevel, line.category, line.eventId, line.Message, line.Values, line.exception));
            }
        }

        private static void WriteLine<TState>(
            Utf8JsonWriter writer,
            JsonLoggerProvider provider,
            LogLevel level,
            string category,
            EventId eventId,
            string message,
            TState state,
            Exception? exception)
        {
            writer.WriteString("time"u8, TimeProvider.System.GetUtcNow());
            writer.WriteString("level"u8, level.ToString());
            writer.WriteString("function"u8, provider._functionName);
            WriteRequestId(writer);
            writer.WriteString("category"u8, category);
            writer.WriteNumber("eventId"u8, eventId.Id);
            writer.WriteString("message"u8, message);
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                foreach (var (name, value) in values)
                {
                    if (name != "{OriginalFormat}")
                    {
                        writer.WriteString(
                            JsonNamingPolicy.CamelCase.ConvertName(name) is var key && key == "eventId" ? "outboxEventId" : key,
                            Convert.ToString(value, CultureInfo.InvariantCulture));
                    }
                }
            }

            if (exception is not null)
            {
                // Only what cannot hold content: an exception's own text can quote a payload.
                writer.WriteString("exception"u8, exception.GetType().FullName);
                writer.WriteString("stackTrace"u8, exception.StackTrace);
            }
        }
    }
}
