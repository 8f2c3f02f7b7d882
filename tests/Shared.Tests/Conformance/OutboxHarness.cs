using Relaybox.Operations;
using Relaybox.Outbox;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// An empty outbox of its own in a store, for one test. What <see cref="IOutboxRepository"/> cannot do is done here by
/// hand: rows that no repository would write, a look at what is really there, and time that passes at once.
/// </summary>
internal abstract class OutboxHarness : IAsyncDisposable
{
    /// <summary>A repository whose new rows are due at once (no stream announces them).</summary>
    public abstract IOutboxRepository Repository { get; }

    /// <summary>What an operator does with these rows.</summary>
    public abstract IOutboxOperations Operations { get; }

    /// <summary>The store's time.</summary>
    public abstract DateTimeOffset Now { get; }

    /// <summary>Whether a payload may hold the character NUL. Where it may not, it is refused and not changed.</summary>
    public virtual bool KeepsNul => true;

    /// <summary>Whether a row that was sent can be found until a cleanup. Where it cannot, it is as if it had never been.</summary>
    public virtual bool KeepsSentRows => true;

    /// <summary>The first page of parked rows.</summary>
    public Task<RowPage> ParkedAsync(int limit) =>
        Operations.ReadAsync(OutboxStatus.Failed, null, null, limit, TestContext.Current.CancellationToken);

    /// <summary>Another process on the same rows.</summary>
    public abstract IOutboxRepository CreateRepository();

    /// <summary>Lets time pass, for the store and every repository.</summary>
    public abstract Task PassAsync(TimeSpan time);

    /// <summary>Writes a row by hand, past the repository.</summary>
    public abstract Task WriteAsync(RawRow row);

    /// <summary>Deletes a row by hand.</summary>
    public abstract Task DeleteAsync(string eventId);

    /// <summary>Everything that the store holds under an id, as text; null where there is nothing.</summary>
    public abstract Task<IReadOnlyDictionary<string, string>?> ReadAsync(string eventId);

    public abstract ValueTask DisposeAsync();
}
