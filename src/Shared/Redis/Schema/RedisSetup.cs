using Microsoft.Extensions.Logging;
using Relaybox.Settings;

namespace Relaybox.Redis;

/// <summary>
/// Makes the buckets, and gives the users that are named their rights. Running it twice, or at once, does no harm; what a run leaves
/// unfinished the next one completes.
/// </summary>
internal sealed class RedisSetup(RedisConnections connections, RedisOptions options, RedisRoles roles, ILogger<RedisSetup> logger) : ISetupStep
{
    /// <inheritdoc />
    public Task<int> RunAsync(CancellationToken cancellationToken) => connections.UseMultiplexerAsync(
        async (multiplexer, ct) =>
        {
            var made = await RedisSchema.CreateAsync(multiplexer.GetDatabase(), options, ct);
            return made + await roles.GrantAsync(multiplexer, options, logger, ct);
        },
        cancellationToken);
}
