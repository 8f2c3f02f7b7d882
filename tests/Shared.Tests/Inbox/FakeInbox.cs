using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Paging;

namespace Relaybox.Shared.Tests.Inbox;

/// <summary>An inbox in memory, with the failures that a test asks for.</summary>
internal sealed class FakeInbox(TimeProvider time) : IInboxRepository
{
    private readonly Lock _gate = new();
    private readonly Dictionary<InboxKey, Record> _records = [];

    /// <summary>How many events each call to claim asked for.</summary>
    internal List<int> ClaimSizes { get; } = [];

    /// <summary>The messages that it was asked to claim.</summary>
    internal List<InboxMessage> Claimed { get; } = [];

    internal Exception? ClaimFailure { get; set; }

    internal Exception? MarkFailure { get; set; }

    internal Exception? CommitFailure { get; set; }

    internal CommitOutcome? CommitAnswer { get; set; }

    internal string? ErrorName { get; set; }

    internal Exception? Outage { get; set; }

    internal List<OutboxEvent> Emitted { get; } = [];

    /// <summary>Whether marks can be written together; otherwise every transaction has to be committed.</summary>
    internal bool MarksTogether { get; set; }

    /// <summary>How many marks each call to mark together asked for.</summary>
    internal List<int> MarkSizes { get; } = [];

    /// <summary>How many transactions were closed without anything in them.</summary>
    internal int ClosedEmpty { get; private set; }

    /// <summary>What a call to mark together waits for.</summary>
    internal Task MarkGate { get; set; } = Task.CompletedTask;

    internal Exception? TogetherFailure { get; set; }

    internal List<string> Started { get; } = [];

    internal int Renewals { get; private set; }

    public Task<IReadOnlyList<InboxClaim>> ClaimAsync(
        string consumer, IReadOnlyList<InboxMessage> messages, TimeSpan lease, int maxAttempts, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ClaimSizes.Add(messages.Count);
            Claimed.AddRange(messages);
            Assert.Equal(messages.Count, messages.Select(message => message.KeyFor(consumer)).Distinct().Count());
            if (ClaimFailure is { } failure)
            {
                return Task.FromException<IReadOnlyList<InboxClaim>>(failure);
            }

            return Task.FromResult<IReadOnlyList<InboxClaim>>([.. messages.Select(m => Claim(consumer, m, lease, maxAttempts))]);
        }
    }

    public Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new Transaction(this, claim));

    public Task<bool> RenewAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var record = _records[claim.Key];
            var held = record.Status == InboxStatus.Processing && record.Token == claim.Token;
            if (held)
            {
                record.LeaseUntil = time.GetUtcNow() + lease;
                Renewals++;
            }

            return Task.FromResult(held);
        }
    }

    public Task<bool> StartAsync(InboxClaim.Claimed claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Started.Add(claim.EventId);
            _records[claim.Key].Unfinished = claim.Unfinished + 1;
            _records[claim.Key].Deliveries = claim.Deliveries;
        }

        return RenewAsync(claim, lease, cancellationToken);
    }

    public Task<bool> MarkProcessedAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult(TryEnd(claim, InboxStatus.Processed, null));

    public async Task<IReadOnlyList<bool>> TryMarkProcessedAsync(
        IReadOnlyList<InboxClaim.Claimed> claims, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            MarkSizes.Add(claims.Count);
        }

        await MarkGate;
        return TogetherFailure is { } failure ? throw failure : [.. claims.Select(claim => TryEnd(claim, InboxStatus.Processed, null))];
    }

    public Task<bool> EndAttemptAsync(
        InboxClaim.Claimed claim, int deliveries, string errorCode, string errorMessage, CancellationToken cancellationToken)
    {
        if (MarkFailure is { } failure)
        {
            return Task.FromException<bool>(failure);
        }

        if (!TryEnd(claim, InboxStatus.Failed, $"{errorCode}: {errorMessage}"))
        {
            return Task.FromResult(false);
        }

        lock (_gate)
        {
            _records[claim.Key].Deliveries = deliveries;
        }

        return Task.FromResult(true);
    }

    public bool IsOutage(Exception exception) => exception == Outage;

    public Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_records.TryGetValue(key, out var record)
                ? new InboxRecord(key, record.Status, record.Deliveries) { ErrorMessage = record.Error }
                : null);
        }
    }

    public Task<MaintenancePage> CleanupAsync(
        TimeSpan processedRetention, TimeSpan failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<MaintenancePage> ResetStaleAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Another worker takes the event over, whatever its lease says.</summary>
    internal void TakeOver(string consumer, string eventId)
    {
        lock (_gate)
        {
            _records[new InboxKey(consumer, eventId)].Token = "another worker's";
        }
    }

    private InboxClaim Claim(string consumer, InboxMessage message, TimeSpan lease, int maxAttempts)
    {
        var key = message.KeyFor(consumer);
        if (!_records.TryGetValue(key, out var record))
        {
            _records.Add(key, record = new Record { Status = InboxStatus.Failed, Payload = message.Event.Payload });
        }

        if (record.Payload != message.Event.Payload)
        {
            return new InboxClaim.Conflict();
        }

        switch (record.Status)
        {
            case InboxStatus.Processed:
                return new InboxClaim.AlreadyProcessed();
            case InboxStatus.Processing when record.LeaseUntil > time.GetUtcNow():
                return new InboxClaim.InProgress(record.LeaseUntil);
        }

        if (record.Deliveries >= maxAttempts || record.Unfinished >= InboxClaim.MaxUnfinished)
        {
            return new InboxClaim.Exhausted(record.Deliveries) { Unfinished = record.Unfinished };
        }

        record.Status = InboxStatus.Processing;
        record.Deliveries += record.Unfinished == 0 ? 1 : 0;
        var unfinished = record.Unfinished;
        record.Unfinished = Math.Max(1, unfinished);
        record.Token = Guid.NewGuid().ToString();
        record.LeaseUntil = time.GetUtcNow() + lease;
        return new InboxClaim.Claimed(key, record.Token, record.Deliveries + (unfinished > 0 ? 1 : 0)) { Unfinished = unfinished };
    }

    private bool TryEnd(InboxClaim.Claimed claim, InboxStatus status, string? error)
    {
        lock (_gate)
        {
            var record = _records[claim.Key];
            if (record.Status != InboxStatus.Processing || record.Token != claim.Token)
            {
                return false;
            }

            record.Status = status;
            record.Error = error;
            record.Unfinished = claim.Unfinished;
            return true;
        }
    }

    private sealed class Record
    {
        public InboxStatus Status { get; set; }

        public int Deliveries { get; set; }

        public int Unfinished { get; set; }

        public string Token { get; set; } = "";

        public string? Error { get; set; }

        public DateTimeOffset LeaseUntil { get; set; }

        public required string Payload { get; init; }
    }

    private sealed class Transaction(FakeInbox inbox, InboxClaim.Claimed claim) : IInboxTransaction
    {
        private readonly List<OutboxEvent> _events = [];
        private bool _closed;

        public void Emit(OutboxEvent outboxEvent)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _events.Add(outboxEvent);
        }

        public string? ErrorName => inbox.ErrorName;

        public bool TryCloseEmpty()
        {
            if (!inbox.MarksTogether || _events.Count > 0)
            {
                return false;
            }

            lock (inbox._gate)
            {
                inbox.ClosedEmpty++;
            }

            return _closed = true;
        }

        public Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (inbox.CommitFailure is { } failure)
            {
                return Task.FromException<CommitOutcome>(failure);
            }

            if (inbox.CommitAnswer is { } answer)
            {
                return Task.FromResult(answer);
            }

            if (!inbox.TryEnd(claim, InboxStatus.Processed, null))
            {
                return Task.FromResult(CommitOutcome.ClaimLost);
            }

            lock (inbox._gate)
            {
                inbox.Emitted.AddRange(_events);
            }

            return Task.FromResult(CommitOutcome.Committed);
        }

        public ValueTask DisposeAsync()
        {
            _closed = true;
            return ValueTask.CompletedTask;
        }
    }
}
