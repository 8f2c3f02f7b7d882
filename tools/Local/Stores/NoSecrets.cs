using Relaybox.Secrets;

namespace Relaybox.Local.Stores;

/// <summary>This machine has no secrets: a migration is given its URL.</summary>
internal sealed class NoSecrets : ISecretSource
{
    public Task<string> GetAsync(string arn, CancellationToken cancellationToken) =>
        throw new RunnerException("There are no secrets on this machine: pass --url.");
}
