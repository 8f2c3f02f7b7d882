using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Paging;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>What a relay needs of an outbox, in memory: batches to claim, and a record of the marks.</summary>
internal sealed class FakeOutbox : IOutboxRepository
{
    internal Queue<IReadOnlyList<OutboxClaim>> Batches { get; } = new();

    internal int Claims { get; private set; }

    public bool KeepsOrder { get; init; }

    /// <summary>Awaited by each claim, which is told its number, from 1.</summary>
    internal Func<int, Task>? BeforeClaim { get; set; }

    /// <summary>Awaited by each mark, which is told its name.</summary>
    internal Func<string, Task>? BeforeMark { get; set; }

    internal List<OutboxMark> Sent { get; } = [];

    internal List<RetryMark> Retries { get; } = [];

    internal List<ParkMark> Parks { get; } = [];

    /// <summary>What a sweep asks at its end; null: it fails there.</summary>
    internal TimeSpan? OldestDueAge { get; set; }

    /// <summary>Ids whose claim somebody else has taken over.</summary>
    internal HashSet<string> TakenOver { get; } = [];

    /// <summary>Thrown by the mark of that name.</summary>
    internal Dictionary<string, Exception> Failures { get; } = [];

    /// <summary>How many rows each claim asked for at most.</summary>
    internal List<int> Limits { get; } = [];

    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        var number = ++Claims;
        Limits.Add(limit.Rows);
        if (BeforeClaim is { } before)
        {
            await before(number);
        }

        return Batches.TryDequeue(out var batch) ? batch : [];
    }

    public Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken) =>
        Record(nameof(Sent), marks, Sent, mark => mark.EventId);

    public Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken) =>
        Record(nameof(Retries), marks, Retries, mark => mark.EventId);

    public Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken) =>
        Record(nameof(Parks), marks, Parks, mark => mark.EventId);

    public Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) =>
        OldestDueAge is { } age ? Task.FromResult(age) : throw new NotSupportedException();

    private async Task<MarkResult> Record<TMark>(
        string name, IReadOnlyList<TMark> marks, List<TMark> kept, Func<TMark, string> eventId)
    {
        if (BeforeMark is { } before)
        {
            await before(name);
        }

        if (Failures.TryGetValue(name, out var failure))
        {
            throw failure;
        }

        var late = marks.Where(mark => TakenOver.Contains(eventId(mark))).ToList();
        var held = marks.Except(late).ToList();
        kept.AddRange(held);
        return new MarkResult(held.Count, [.. late.Select(eventId)], []);
    }
}
