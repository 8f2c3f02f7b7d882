using System.Text;
using NATS.Client.Core;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Checks connection options, and turns them into those of the client.</summary>
internal static class NatsClientOptions
{
    /// <exception cref="SettingsException">They cannot be used. The text never holds a secret.</exception>
    internal static NatsOpts From(NatsConnectionOptions options)
    {
        var errors = new List<string>();
        var servers = Servers(options.Url, errors);
        var auth = Auth(options, servers, errors);
        if (options.CaFile is { } caFile && !File.Exists(caFile))
        {
            errors.Add("The file of the NATS servers' root certificates (NATS_CA_FILE) does not exist.");
        }

        if (errors.Count > 0)
        {
            throw new SettingsException(errors);
        }

        return new NatsOpts
        {
            Url = options.Url,
            Name = options.Name,
            AuthOpts = auth,
            TlsOpts = new NatsTlsOpts
            {
                CaFile = options.CaFile,
                Mode = servers.Exists(server => !Loopback.Is(server.Host)) ? TlsMode.Require : TlsMode.Auto,
            },
            ConnectTimeout = options.ConnectTimeout,
            RequestTimeout = options.RequestTimeout,
            CommandTimeout = options.RequestTimeout,
            HeaderEncoding = Encoding.UTF8,
            ReconnectWaitMin = TimeSpan.FromMilliseconds(100),
            ReconnectWaitMax = TimeSpan.FromSeconds(5),
            ReconnectJitter = TimeSpan.FromMilliseconds(100),
        };
    }

    private static List<Uri> Servers(string urls, List<string> errors)
    {
        var servers = new List<Uri>();
        foreach (var url in (urls ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            var text = url.Contains("://", StringComparison.Ordinal) ? url : $"nats://{url}";
            if (url.Length > 0 && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "nats" or "tls" && IsServer(uri))
            {
                servers.Add(uri);
            }
            else
            {
                // The text could hold a password.
                errors.Add(
                    "The NATS url must be nats://host:port or tls://host:port, or several with commas between them. In a user, a password or "
                    + "a token, write / as %2F, ? as %3F, # as %23, @ as %40, : as %3A, a comma as %2C and % as %25.");
                break;
            }
        }

        // A password with a comma in it looks so.
        if (errors.Count == 0 && servers[0].UserInfo.Length == 0 && servers.Exists(server => server.UserInfo.Length > 0))
        {
            errors.Add("The NATS url has credentials behind a server that has none. Put them into the first server, or into every one.");
        }

        return servers;
    }

    // What stands behind the host, or before a second '@', is the rest of a password that is not escaped; errors would name it as the server.
    private static bool IsServer(Uri uri) =>
        uri.Host.Length > 0 && uri.AbsolutePath is "" or "/" && uri.Query.Length == 0 && uri.Fragment.Length == 0
        && !uri.UserInfo.Contains('@', StringComparison.Ordinal) && uri.OriginalString.Count(c => c == '@') <= 1;

    private static NatsAuthOpts Auth(NatsConnectionOptions options, List<Uri> servers, List<string> errors)
    {
        string?[] kinds =
        [
            options.Username ?? options.Password, options.Token, options.Credentials, options.CredentialsFile, options.NKeySeed,
            servers.Select(server => server.UserInfo).FirstOrDefault(info => info.Length > 0),
        ];
        if (kinds.Count(kind => !string.IsNullOrEmpty(kind)) > 1)
        {
            errors.Add("NATS takes one kind of credentials: user and password, a token, credentials (as text or as a file), or the seed of an NKey.");
        }

        if (options.CredentialsFile is { Length: > 0 } file && !File.Exists(file))
        {
            errors.Add("The NATS credentials file does not exist.");
        }

        var (jwt, seed) = (default(string), default(string));
        if (options.Credentials is { Length: > 0 } credentials)
        {
            (jwt, seed) = ReadCredentials(credentials);
            if (jwt is null || seed is null)
            {
                errors.Add("The NATS credentials must be the text of a credentials file, with a user's JWT and the seed of its NKey.");
            }
        }

        return new NatsAuthOpts
        {
            Username = NullIfEmpty(options.Username),
            Password = NullIfEmpty(options.Password),
            Token = NullIfEmpty(options.Token),
            CredsFile = NullIfEmpty(options.CredentialsFile),
            Jwt = jwt,
            Seed = NullIfEmpty(seed),

            // The client finds the key that belongs to a seed only where a callback gives it.
            AuthCredCallback = options.NKeySeed is { Length: > 0 } nkey ? (_, _) => ValueTask.FromResult(NatsAuthCred.FromNkey(nkey)) : null,
        };
    }

    // -----BEGIN NATS USER JWT-----, the JWT, ------END NATS USER JWT------, the same for USER NKEY SEED.
    private static (string? Jwt, string? Seed) ReadCredentials(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return (After("USER JWT"), After("NKEY SEED"));

        string? After(string title)
        {
            var begin = Array.FindIndex(lines, line => line.StartsWith("---", StringComparison.Ordinal)
                && line.Contains("BEGIN", StringComparison.Ordinal) && line.Contains(title, StringComparison.Ordinal));
            return begin >= 0 && begin + 1 < lines.Length && !lines[begin + 1].StartsWith('-') ? lines[begin + 1] : null;
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
