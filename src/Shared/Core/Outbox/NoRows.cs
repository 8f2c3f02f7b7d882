namespace Relaybox.Outbox;

/// <summary>Nothing was due, and nothing is locked.</summary>
internal sealed class NoRows : ILockedRows
{
    private NoRows()
    {
    }

    public IReadOnlyList<OutboxClaim> Claims => [];

    internal static NoRows Instance { get; } = new();

    /// <inheritdoc />
    public Task<bool> CommitAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
