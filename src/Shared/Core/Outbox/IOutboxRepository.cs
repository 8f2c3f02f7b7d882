using Relaybox.Events;
using Relaybox.Paging;

namespace Relaybox.Outbox;

/// <summary>
/// The outbox in a store. Every change of state is conditional: it holds only while the row is in the state, and under
/// the token, that the caller believes it to be. A write that does not hold changes nothing and says so.
/// </summary>
internal interface IOutboxRepository
{
    /// <summary>
    /// Whether claims keep the order of the rows of one ordering key: a row is claimed only while every earlier row of its key
    /// is sent, or parked and skipped, or claimed with it by the same call and before it in its answer.
    /// </summary>
    bool KeepsOrder => false;

    /// <summary>Writes an event, or finds the row that its id already has.</summary>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown, and the call may be repeated.</param>
    /// <exception cref="RowContractException">The event breaks the contract.</exception>
    /// <exception cref="EventIdConflictException">The id is taken by an event with another subject or payload.</exception>
    Task<FoundOrCreated> FindOrCreateAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken);

    /// <summary>Reads one row, consistently.</summary>
    /// <param name="eventId">Its id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The row, or null.</returns>
    Task<OutboxRow?> FindAsync(string eventId, CancellationToken cancellationToken);

    /// <summary>Reads pending rows, oldest first, without claiming them. For people and tools; a relay claims.</summary>
    /// <param name="limit">The most rows, at least 1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<OutboxRow>> FindPendingAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Claims rows that are due: pending ones whose time has come, and those whose claim's lease has ended.</summary>
    /// <param name="limit">The most rows and bytes.</param>
    /// <param name="lease">How long the claims hold, measured from now.</param>
    /// <param name="cancellationToken">Ends the wait; what was claimed comes back when its lease ends.</param>
    Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Claims one row by its id, due or not, unless somebody holds it.</summary>
    /// <param name="eventId">The row's id.</param>
    /// <param name="lease">How long the claim holds, measured from now.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The claim, or null where the row is absent, claimed, sent or parked.</returns>
    Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Records that the broker has acknowledged these rows.</summary>
    /// <param name="marks">The rows and their tokens.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MarkResult> MarkSentAsync(IReadOnlyList<OutboxMark> marks, CancellationToken cancellationToken);

    /// <summary>Puts rows back to pending, due after a delay.</summary>
    /// <param name="marks">The rows, their tokens and their delays.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MarkResult> RetryAsync(IReadOnlyList<RetryMark> marks, CancellationToken cancellationToken);

    /// <summary>Parks rows.</summary>
    /// <param name="marks">The rows, their tokens and the reasons.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MarkResult> ParkAsync(IReadOnlyList<ParkMark> marks, CancellationToken cancellationToken);

    /// <summary>Deletes a bounded number of rows that were sent long enough ago; parked ones only where that is asked for.</summary>
    /// <param name="sentRetention">How long sent rows are kept, measured from when they were sent.</param>
    /// <param name="failedRetention">How long parked rows are kept, measured from when they were parked; null: always.</param>
    /// <param name="cursor">Where to go on; null to begin.</param>
    /// <param name="pageSize">The most rows to look at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>Ends a bounded number of claims whose lease ended at least this long ago: their rows are pending again.</summary>
    /// <param name="age">How long after the end of its lease a claim is ended.</param>
    /// <param name="cursor">Where to go on; null to begin.</param>
    /// <param name="pageSize">The most rows to look at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<MaintenancePage> ResetStaleAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>Looks at a bounded number of rows and makes due those that no index knows.</summary>
    /// <param name="age">How old a row must be before it counts as lost rather than on its way.</param>
    /// <param name="cursor">Where to go on; null to begin.</param>
    /// <param name="pageSize">The most rows to look at.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken);

    /// <summary>Counts all rows by status as it is stored, unknown ones too. May read the whole table.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken);

    /// <summary>
    /// How long ago the oldest row became due that still is; zero where none is. Where claims keep the order of each ordering key,
    /// a row that waits behind another of its key is not due.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken);
}
