using System.Globalization;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Whether servers are ones that the store can be kept on.</summary>
internal static class RedisServerCheck
{
    private const string Wanted = "noeviction";

    private static readonly Version Oldest = new(7, 0);

    /// <summary>Asks every primary that is connected. Managed services allow INFO where they do not allow CONFIG.</summary>
    /// <exception cref="RedisServerRefusedException">One is too old, or evicts keys.</exception>
    internal static Task RunAsync(IConnectionMultiplexer multiplexer) =>
        Task.WhenAll(multiplexer.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }).Select(RunAsync));

    internal static void Require(string? version, string? policy)
    {
        // A server that says nothing is let in: its scripts tell.
        if (Version.TryParse(version, out var number) && number < Oldest)
        {
            throw new RedisServerRefusedException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The server is Redis {number}. The store needs Redis {Oldest} or Valkey 7.2, or newer: upgrade the server, or name another."));
        }

        if (policy is not null && policy != Wanted)
        {
            throw new RedisServerRefusedException(
                "The server evicts keys when its memory is full, rows that are not sent among them: its maxmemory-policy is not noeviction. "
                + "Set it there (CONFIG SET maxmemory-policy noeviction and the same in redis.conf; on ElastiCache in the parameter group).");
        }
    }

    private static async Task RunAsync(IServer server)
    {
        var answers = await Task.WhenAll(server.InfoRawAsync("server"), server.InfoRawAsync("memory"));
        Require(Field(answers[0], "redis_version"), Field(answers[1], "maxmemory_policy"));
    }

    /// <summary>A field of what INFO says.</summary>
    internal static string? Field(string? info, string name) => info?.Split('\n')
        .FirstOrDefault(line => line.StartsWith($"{name}:", StringComparison.Ordinal))?[(name.Length + 1)..].Trim();
}
