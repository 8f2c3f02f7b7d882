using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Compares the clock of a store that decides by its own with this machine's.</summary>
/// <param name="rows">The store.</param>
/// <param name="time">This machine's clock.</param>
internal sealed class StoreClockCheck(IOutboxOperations rows, TimeProvider time) : IDoctorCheck
{
    /// <inheritdoc />
    public string Name => ClockSkew.Name;

    /// <inheritdoc />
    public string Passed => "The clocks of the store and of this machine agree.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow();
        var page = await rows.ReadAsync(OutboxStatus.Failed, null, null, 1, cancellationToken);
        return ClockSkew.Judge(before, page.Now, time.GetUtcNow(), "the store");
    }
}
