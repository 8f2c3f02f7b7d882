using System.Text;
using System.Text.RegularExpressions;

namespace Relaybox.Redis;

/// <summary>
/// A part of the outbox and the inbox whose keys have one hash tag, and so are in one slot of a cluster: one script can change all of
/// them.
/// </summary>
/// <param name="Prefix">The first part of every key.</param>
/// <param name="Number">Which bucket it is, from 0.</param>
internal readonly partial record struct Bucket(string Prefix, int Number)
{
    internal const string PrefixForm = "letters, digits, '_', '-' and '.', at most 55, beginning with a letter or '_'";

    /// <summary>The hash tag with its braces, such as <c>{relaybox:0}</c>.</summary>
    internal string Tag => $"{{{Prefix}:{Number}}}";

    /// <summary>What Setup has made of this bucket: a hash with the schema's <c>version</c> and the number of <c>buckets</c>.</summary>
    internal string Schema => $"{Tag}:schema";

    /// <summary>The bucket of an ordering key, or of an event id where the event has none.</summary>
    /// <param name="options">The prefix, and how many buckets there are.</param>
    /// <param name="text">The ordering key or event id.</param>
    internal static Bucket Of(RedisOptions options, string text) =>
        new(options.KeyPrefix, options.Buckets == 1 ? 0 : Crc16(text) % options.Buckets);

    /// <summary>Every bucket.</summary>
    internal static Bucket[] All(RedisOptions options) =>
        [.. Enumerable.Range(0, options.Buckets).Select(number => new Bucket(options.KeyPrefix, number))];

    /// <summary>Why a key of the app's cannot be written together with this bucket's; null: it can.</summary>
    /// <param name="key">The key.</param>
    internal string? WhyRefused(string key) =>
        TagOf(key) != Tag
            ? $"The key '{key}' does not have the hash tag {Tag}. What is written together must be in one slot of a cluster: put the tag into the "
                + $"key, such as user:{Tag}:7."
        : key.StartsWith(Tag + ":", StringComparison.Ordinal)
            ? $"The key '{key}' begins with {Tag}, as Relaybox's own keys do. Put a name before it, such as user:{Tag}:7."
        : null;

    /// <summary>The hash tag of a key, with its braces; null where it has none. The rule is Redis Cluster's.</summary>
    internal static string? TagOf(string key)
    {
        var open = key.IndexOf('{', StringComparison.Ordinal);
        var close = open < 0 ? -1 : key.IndexOf('}', open + 1);
        return close > open + 1 ? key[open..(close + 1)] : null;
    }

    internal static bool IsPrefix(string prefix) => PrefixPattern().IsMatch(prefix);

    /// <summary>
    /// CRC-16/XMODEM of the text's UTF-8 bytes, which Redis itself uses for hash slots, so that clients in every language have it; see
    /// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/.
    /// </summary>
    internal static int Crc16(string text)
    {
        var crc = 0;
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            crc ^= octet << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = ((crc << 1) ^ ((crc & 0x8000) == 0 ? 0 : 0x1021)) & 0xFFFF;
            }
        }

        return crc;
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.-]{0,54}\z")]
    private static partial Regex PrefixPattern();
}
