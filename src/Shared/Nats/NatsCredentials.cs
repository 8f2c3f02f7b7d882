using System.Text.Json.Nodes;
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
                return (
                    Text(fields, "username"), Text(fields, "password"), Text(fields, "token"), Text(fields, "nkeySeed"), Text(fields, "creds")) switch
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

    private static string? Text(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static SecretException Wrong(string arn) => new(
        $"The broker's secret {arn} must be the text of a creds file, or a JSON object with username and password, token, or nkeySeed.");
}
