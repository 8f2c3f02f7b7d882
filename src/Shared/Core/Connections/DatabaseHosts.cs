using System.Globalization;
using System.Net;
using Relaybox.Settings;

namespace Relaybox.Connections;

/// <summary>Hosts as they stand in URLs, secrets and settings: several with commas between them, each with its port or without.</summary>
internal static class DatabaseHosts
{
    /// <summary>Whether a text is a host, or several.</summary>
    internal static bool Are(string text) => Array.TrueForAll(
        text.Split(','), part => IPAddress.TryParse(part, out _) || (SplitPort(part) is var (host, port) && IsHost(host) && IsPort(port)));

    /// <summary>Whether a host is this machine. Without a host, or with a path, the server is reached by a socket of this machine.</summary>
    internal static bool IsLoopback(string host) =>
        host.Length == 0 || host.StartsWith('/') || Loopback.Is(host) || Loopback.Is(SplitPort(host).Host);

    /// <summary>A host and its port; null where it has none.</summary>
    internal static (string Host, string? Port) SplitPort(string part)
    {
        var colon = part.LastIndexOf(':');
        return colon < 0 || colon < part.IndexOf(']', StringComparison.Ordinal) ? (part, null) : (part[..colon], part[(colon + 1)..]);
    }

    /// <summary>The hosts of a text, unescaped, with their ports.</summary>
    /// <param name="text">The hosts with commas between them.</param>
    /// <param name="ports">The ports of hosts that name none themselves: one for all, or one for each.</param>
    /// <param name="form">What the form of a URL is, for the error.</param>
    /// <param name="none">What to do about a host that is missing, for the error.</param>
    /// <exception cref="FormatException">There is none, or one is not a host. The text quotes nothing.</exception>
    internal static IReadOnlyList<(string Host, int? Port)> Read(string text, string?[] ports, string form, string none)
    {
        var parts = text.Split(',');
        if (ports.Length != 1 && ports.Length != parts.Length)
        {
            throw new FormatException("it has another number of ports than of hosts");
        }

        return [.. parts.Select((part, i) => ReadOne(part, ports[ports.Length == 1 ? 0 : i], form, none))];
    }

    /// <summary>A host and its port, as they stand in a sentence.</summary>
    internal static string Show(string host, int port) => string.Create(
        CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]" : host)}:{port}");

    private static (string Host, int? Port) ReadOne(string part, string? fallback, string form, string none)
    {
        var (escaped, own) = SplitPort(part);
        var (host, port) = (DatabaseUrl.Unescape(escaped, form), own ?? fallback);
        return host.Length == 0 ? throw new FormatException($"it names no host. {none}")
            : !IsHost(host) || !IsPort(port) ? throw new FormatException(form)
            : (host, string.IsNullOrEmpty(port) ? null : int.Parse(port, CultureInfo.InvariantCulture));
    }

    // A name, an address, or the path of a socket or of its folder.
    private static bool IsHost(string host) =>
        host.StartsWith('[') ? host.EndsWith(']') && IPAddress.TryParse(host, out _)
        : host.StartsWith('/') ? host.All(c => IsOfName(c) || c == '/')
        : host.Length is > 0 and <= 255 && host.All(IsOfName);

    private static bool IsOfName(char c) => char.IsLetterOrDigit(c) || c is '-' or '_' or '.';

    private static bool IsPort(string? port) =>
        string.IsNullOrEmpty(port)
        || (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65_535);
}
