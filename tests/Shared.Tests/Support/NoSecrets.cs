using Relaybox.Secrets;

namespace Relaybox.Shared.Tests.Support;

/// <summary>A source of secrets that has none.</summary>
internal sealed class NoSecrets : ISecretSource
{
    public Task<string> GetAsync(string arn, CancellationToken cancellationToken) => throw new InvalidOperationException("There is no secret.");
}
