using Relaybox.Settings;

namespace Relaybox.MongoDb;

/// <summary>Knows by what a call failed with whether Setup has ever run.</summary>
internal sealed class MongoSetupState : ISetupState
{
    /// <inheritdoc />
    public Task<bool> IsMissingAsync(Exception failure, CancellationToken cancellationToken)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is MongoSchemaException { IsMissing: true })
            {
                return Task.FromResult(true);
            }
        }

        return Task.FromResult(false);
    }
}
