using Relaybox.Secrets;

namespace Relaybox.Nats;

/// <summary>Reads a secret as credentials: the text of a creds file, or a JSON object.</summary>
internal static class NatsCredentials
{
    /// <exception cref="SecretException">The secret is neither.</exception>
    internal static NatsConnectionOptions Apply(NatsConnectionOptions options, string secret, string arn)
    {
        if (!secret.TrimStart().StartsWith('{'))
        {
            return options with { Credentials = secret };
        }

        try
        {
            if (SecretJson.Parse(secret) is { } fields)
            {
                return (fields.String("username"), fields.String("password"), fields.String("token"), fields.String("nkeySeed"),
                    fields.String("creds")) switch
                {
                    ({ } user, { } password, _, _, _) => options with { Username = user, Password = password },
                    (_, _, { } token, _, _) => options with { Token = token },
                    (_, _, _, { } seed, _) => options with { NKeySeed = seed },
                    (_, _, _, _, { } credentials) => options with { Credentials = credentials },
                    _ => throw Wrong(arn),
                };
            }
        }
        catch (FormatException e)
        {
            throw new SecretException($"The broker's secret {arn} cannot be used: {e.Message}.", e);
        }

        throw Wrong(arn);
    }

    private static SecretException Wrong(string arn) => new(
        $"The broker's secret {arn} must be the text of a creds file, or a JSON object with username and password, token, or nkeySeed.");
}
