using System.Net;
using Relaybox.Connections;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>What may be said of a connection: where it leads and as whom, never its password.</summary>
/// <param name="Host">Host and port, or several of them.</param>
/// <param name="User">The user.</param>
/// <param name="Credentials">Where the credentials come from.</param>
internal sealed record RedisTarget(string Host, string User, string Credentials)
{
    /// <summary>Whether connections are made with TLS.</summary>
    internal bool UsesTls { get; init; }

    /// <summary>Whether the hosts are sentinels.</summary>
    internal bool IsSentinel { get; init; }

    internal static RedisTarget Of(ConfigurationOptions configuration, RedisConnectionOptions options) => new(
        Show(configuration.EndPoints),
        configuration.User is { } user ? RedisUser.IsName(user) ? user : "(not shown)" : "default",
        options switch
        {
            { SecretArn: { } arn } => $"the secret {arn}",
            { Url: not null } => "REDIS_URL",
            _ => "the connection's options",
        })
    {
        UsesTls = configuration.Ssl,
        IsSentinel = configuration.ServiceName is { Length: > 0 },
    };

    /// <summary>The target of the caller's connection, whose user nobody knows.</summary>
    internal static RedisTarget Of(IConnectionMultiplexer multiplexer) =>
        new(Show(multiplexer.GetEndPoints(configuredOnly: true)), "", "the connection's options");

    private static string Show(IEnumerable<EndPoint> endPoints) => string.Join(",", endPoints.Select(endPoint => endPoint switch
    {
        DnsEndPoint dns => DatabaseHosts.Show(dns.Host, dns.Port),
        IPEndPoint ip => DatabaseHosts.Show(ip.Address.ToString(), ip.Port),
        _ => "(not shown)",
    }));
}
