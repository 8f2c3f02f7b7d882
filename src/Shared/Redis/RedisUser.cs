namespace Relaybox.Redis;

/// <summary>What names of the server's users may be.</summary>
internal static class RedisUser
{
    /// <summary>The form of a user in a setting.</summary>
    internal const string Form = "a name of letters, digits, '_', '-' and '.', at most 80";

    internal static bool IsName(string text) =>
        text.Length is > 0 and <= 80 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
