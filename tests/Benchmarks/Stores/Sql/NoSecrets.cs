using Relaybox.Secrets;

namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>For connections that are given a URL.</summary>
internal sealed class NoSecrets : ISecretSource
{
    public Task<string> GetAsync(string arn, CancellationToken cancellationToken) => throw new NotSupportedException();
}
