namespace NATS.Client.Core.Internal;

/// <summary>Turns the configured credentials into what CONNECT says. Files are read anew for every connection: credentials change.</summary>
internal static class Authentication
{
    /// <exception cref="NatsException">The credentials cannot be used. The text never holds them.</exception>
    internal static async Task<ConnectOptions> ApplyAsync(
        ConnectOptions connect, NatsAuthOpts auth, Uri uri, ServerInfo server, CancellationToken cancellationToken)
    {
        if (auth.AuthCredCallback is { } callback)
        {
            return SignWithNKey(connect, (await callback(uri, cancellationToken)).Seed, null, server);
        }

        if (!string.IsNullOrEmpty(auth.CredsFile))
        {
            var (jwt, seed) = ReadCredentials(await ReadFileAsync(auth.CredsFile, "credentials", cancellationToken));
            return SignWithJwt(connect, jwt, seed, server);
        }

        if (!string.IsNullOrEmpty(auth.Jwt))
        {
            return SignWithJwt(connect, auth.Jwt, auth.Seed ?? throw new NatsException("A JWT needs the seed of its user."), server);
        }

        if (!string.IsNullOrEmpty(auth.NKeyFile))
        {
            return SignWithNKey(connect, await ReadFileAsync(auth.NKeyFile, "NKey", cancellationToken), null, server);
        }

        if (!string.IsNullOrEmpty(auth.Seed))
        {
            // As the official client does: the seed alone says to no server whose it is, and is refused.
            return SignWithNKey(connect, auth.Seed, auth.NKey, server) with { NKey = auth.NKey };
        }

        if (!string.IsNullOrEmpty(auth.Token))
        {
            return connect with { Token = auth.Token };
        }

        if (!string.IsNullOrEmpty(auth.Username) || !string.IsNullOrEmpty(auth.Password))
        {
            return connect with { User = auth.Username, Password = auth.Password };
        }

        var parts = uri.UserInfo.Split(':', 2);
        return parts is [{ Length: > 0 } user, var password]
            ? connect with { User = Uri.UnescapeDataString(user), Password = Uri.UnescapeDataString(password) }
            : parts is [{ Length: > 0 } token] ? connect with { Token = Uri.UnescapeDataString(token) } : connect;
    }

    /// <summary>Finds the two blocks of a credentials file: the user's JWT and the seed of its NKey.</summary>
    internal static (string Jwt, string Seed) ReadCredentials(string text)
    {
        string? jwt = null;
        string? seed = null;
        string? block = null;
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith("---", StringComparison.Ordinal))
            {
                block = line.Contains("BEGIN", StringComparison.Ordinal) ? line : null;
            }
            else if (line.Length > 0 && block is not null)
            {
                if (block.Contains("JWT", StringComparison.Ordinal))
                {
                    jwt ??= line;
                }
                else if (block.Contains("SEED", StringComparison.Ordinal))
                {
                    seed ??= line;
                }
            }
        }

        return jwt is not null && seed is not null
            ? (jwt, seed)
            : throw new NatsException("The credentials do not hold a user's JWT and the seed of its NKey.");
    }

    private static ConnectOptions SignWithJwt(ConnectOptions connect, string jwt, string seed, ServerInfo server)
    {
        using var key = NKeyPair.FromSeed(seed);
        return connect with { Jwt = jwt, Signature = key.Sign(NonceOf(server)) };
    }

    private static ConnectOptions SignWithNKey(ConnectOptions connect, string seed, string? publicKey, ServerInfo server)
    {
        using var key = NKeyPair.FromSeed(seed);
        if (!string.IsNullOrEmpty(publicKey) && publicKey != key.PublicKey)
        {
            throw new NatsException("The NKey and its seed do not belong together.");
        }

        return connect with { NKey = key.PublicKey, Signature = key.Sign(NonceOf(server)) };
    }

    private static string NonceOf(ServerInfo server) =>
        server.Nonce ?? throw new NatsException("The server does not ask for an NKey: it sent no nonce to sign.");

    private static async Task<string> ReadFileAsync(string path, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NatsException($"The {what} file cannot be read.", e);
        }
    }
}
