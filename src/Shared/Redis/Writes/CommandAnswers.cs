using System.Text.Json;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>What <c>commands.lua</c> says of an app's commands.</summary>
internal static class CommandAnswers
{
    /// <summary>Whether the script has refused the commands.</summary>
    /// <param name="answer">The script's answer, whose first value says what it is.</param>
    internal static bool IsRefusal(RedisResult[] answer) => (string?)answer[0] is "condition" or "refused";

    /// <summary>The exception for a refusal: <see cref="RedisConditionException"/> or <see cref="RedisWriteException"/>.</summary>
    /// <param name="answer">The script's answer.</param>
    /// <param name="commands">The commands.</param>
    internal static InvalidOperationException ToException(RedisResult[] answer, RedisCommands commands)
    {
        var place = (int)answer[1];
        return (string?)answer[0] == "condition"
            ? new RedisConditionException(commands.Conditions[place])
            : new RedisWriteException((string?)answer[2] switch
            {
                "wrong-type" => $"{Named()} meets a key of another type; nothing was written.",
                "not-an-integer" => $"{Named()} meets a value that is no whole number of 64 bits; nothing was written.",
                "overflow" => $"{Named()} would give a number of more than 64 bits; nothing was written.",
                var reason => $"{Named()} was refused ({reason}); nothing was written.",
            });

        string Named() => $"The write '{commands.Writes[place].Name}' of the key '{commands.Writes[place].Key}'";
    }

    /// <summary>The results of the writes, one for each.</summary>
    /// <param name="json">What the script has answered, an array of whole numbers and texts.</param>
    internal static IReadOnlyList<RedisValue> ReadResults(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(ReadResult)];

        static RedisValue ReadResult(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetInt64() : value.GetString();
    }
}
