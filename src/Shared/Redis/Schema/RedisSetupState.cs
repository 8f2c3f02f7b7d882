using Relaybox.Settings;

namespace Relaybox.Redis;

/// <summary>Knows by what a call failed with whether Setup has ever run.</summary>
internal sealed class RedisSetupState : ISetupState
{
    /// <inheritdoc />
    public Task<bool> IsMissingAsync(Exception failure, CancellationToken cancellationToken)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is RedisSchemaException { IsMissing: true })
            {
                return Task.FromResult(true);
            }
        }

        return Task.FromResult(false);
    }
}
