using System.Security.Cryptography;
using System.Text;
using Relaybox.Messaging;

namespace Relaybox.Nats;

/// <summary>
/// What a header can carry so that it comes out as it went in, and means nothing to the server. The server takes the first
/// place in the block where a name of its own stands: within another header's value that can hide the header itself.
/// </summary>
internal static class NatsHeaderText
{
    /// <summary>
    /// Whether a value can travel as it is. Readers trim white space, so it must not begin or end with any. The client sends ends of
    /// lines as they are, and would so end the header.
    /// </summary>
    internal static bool IsPlain(string value) =>
        value.AsSpan().IndexOfAny('\r', '\n', '\0') < 0
        && (value.Length == 0 || (!char.IsWhiteSpace(value[0]) && !char.IsWhiteSpace(value[^1])))
        && !value.Contains(NatsHeaderNames.ServerPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a header of an event can be one of the message.</summary>
    internal static bool IsPlain(string name, string value) =>
        name.Length > 0 && IsPlain(value) && IsPlain(name) && !name.StartsWith(NatsHeaderNames.OwnPrefix, StringComparison.OrdinalIgnoreCase)
        && !name.Contains(':', StringComparison.Ordinal);

    /// <summary>The event id as the stream compares it: two ids must never become one.</summary>
    internal static string MessageId(string eventId) =>
        IsPlain(eventId) ? eventId : $"sha256-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(eventId)))}";

    /// <summary>A JSON object of strings as a header's value.</summary>
    internal static string WriteMap(IEnumerable<KeyValuePair<string, string>> map)
    {
        var json = StringMap.Write(map);
        return IsPlain(json) ? json : Convert.ToBase64String(Encoding.ASCII.GetBytes(json));
    }

    /// <exception cref="MessageFormatException">It is no such value.</exception>
    internal static Dictionary<string, string> ReadMap(string value, string name)
    {
        if (value.StartsWith('{'))
        {
            return StringMap.Parse(value, name);
        }

        var bytes = new byte[value.Length];
        return Convert.TryFromBase64String(value, bytes, out var length)
            ? StringMap.Parse(Encoding.UTF8.GetString(bytes, 0, length), name)
            : throw MessageFormatException.Unreadable($"The header '{name}' is neither a JSON object nor base64.");
    }
}
