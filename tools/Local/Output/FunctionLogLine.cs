using System.Text.Json;

namespace Relaybox.Local.Output;

/// <summary>A function's line for reading: the level and the message of a JSON log line, anything else as it is.</summary>
internal sealed record FunctionLogLine(string? Level, string Text)
{
    private static readonly string[] LevelNames = ["level", "Level", "LogLevel", "log.level"];
    private static readonly string[] MessageNames = ["message", "Message", "msg"];

    public bool IsProblem => Level is "Warning" or "Error" or "Critical" or "warn" or "error" or "fatal" or "crit" or "fail";

    /// <summary>Whether a line of metrics says in words, too, what they are about.</summary>
    public static bool HasMessage(string metricsLine) => metricsLine.Contains("\"message\":", StringComparison.Ordinal);

    public static FunctionLogLine Parse(string line)
    {
        if (!line.StartsWith('{'))
        {
            return new FunctionLogLine(null, line);
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            return Find(document.RootElement, MessageNames) is { } message
                ? new FunctionLogLine(Find(document.RootElement, LevelNames), message)
                : new FunctionLogLine(null, line);
        }
        catch (JsonException)
        {
            return new FunctionLogLine(null, line);
        }
    }

    private static string? Find(JsonElement root, string[] names)
    {
        foreach (var name in names)
        {
            if (root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
            {
                return value.GetString();
            }
        }

        return null;
    }
}
