using System.Globalization;
using Relaybox.Operations;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>Whether Setup has made the keys for this build, and whether the servers keep what they acknowledge.</summary>
internal sealed class RedisSchemaCheck(RedisConnections connections, RedisOptions keys, RedisSettings settings) : IDoctorCheck
{
    private const string Setup = $"{Doctor.InvokeSetup}.";

    /// <inheritdoc />
    public string Name => "schema";

    /// <inheritdoc />
    public string Passed => "Setup has made the keys for this build, and the servers keep what they acknowledge.";

    /// <inheritdoc />
    public Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken) => connections.UseMultiplexerAsync<IReadOnlyList<Finding>>(
        async (multiplexer, ct) =>
        {
            var found = new List<Finding>();
            try
            {
                await RedisSchema.RequireAsync(multiplexer.GetDatabase(), keys, ct);
            }
            catch (RedisSchemaException e)
            {
                found.Add(Finding.Problem(
                    e.IsMissing ? "schema.missing" : "schema.other", e.Message, e.IsMissing ? $"{Setup} Or correct REDIS_KEY_PREFIX." : null));
            }

            foreach (var server in multiplexer.GetServers().Where(server => server is { IsConnected: true, IsReplica: false }))
            {
                found.AddRange(await JudgeAsync(server).WaitAsync(ct));
            }

            // Of a cluster each server says the same.
            return [.. found.Distinct()];
        },
        cancellationToken);

    private async Task<IEnumerable<Finding>> JudgeAsync(IServer server)
    {
        var (persistence, replication) = (await server.InfoRawAsync("persistence"), await server.InfoRawAsync("replication"));
        var found = new List<Finding>();
        var appends = RedisServerCheck.Field(persistence, "aof_enabled") != "0";
        if (int.TryParse(RedisServerCheck.Field(replication, "connected_slaves"), NumberStyles.None, CultureInfo.InvariantCulture, out var replicas)
            && replicas < settings.Connection.ConfirmingReplicas)
        {
            found.Add(Finding.Problem(
                "schema.few-replicas",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"REDIS_DURABILITY waits for {settings.Connection.ConfirmingReplicas} replicas, and the server has {replicas}: ")
                + "no commit of a handler can be confirmed, and each fails after its wait.",
                "Add replicas (INFO replication shows them), or lower REDIS_DURABILITY."));
        }

        if (!appends)
        {
            found.Add(settings.Connection.ConfirmsOnDisk
                ? Finding.Problem(
                    "schema.no-append",
                    "REDIS_DURABILITY waits for the disk, and the server writes no append-only file (appendonly no): every commit fails.",
                    "CONFIG SET appendonly yes, and the same in redis.conf; or set REDIS_DURABILITY to none or replicas:N.")
                : Finding.Warning(
                    "schema.not-durable",
                    "The server writes no append-only file (appendonly no): a crash loses what came since its last snapshot, if it takes any.",
                    "CONFIG SET appendonly yes, and the same in redis.conf; docs/redis.md says what is lost with which setting."));
        }

        return found;
    }
}
