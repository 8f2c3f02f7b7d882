using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

/// <summary>Rows that a relay has locked. A commit or an end that does not get through leaves them to the store's limit.</summary>
internal sealed class ModelLockedRows(OutboxTable table, IServer server, RowLock locked, IReadOnlyList<OutboxClaim> claims) : ILockedRows
{
    private bool _isOver;

    public IReadOnlyList<OutboxClaim> Claims => claims;

    public async Task<bool> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await server.CallAsync("outbox.commit", () => table.Commit(locked, server.Now), cancellationToken);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        try
        {
            await server.CallAsync("outbox.unlock", End, CancellationToken.None);
        }
        catch (HttpRequestException)
        {
            // The connection is gone; the store notices in time.
        }
    }

    private bool End()
    {
        locked.End();
        return true;
    }
}
