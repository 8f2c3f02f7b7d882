using Relaybox.Paging;

namespace Relaybox.Maintenance;

/// <summary>What the scheduled jobs do.</summary>
internal sealed record MaintenanceOptions
{
    /// <summary>How long sent rows are kept. Default: 7 days; at least 24 hours, so that they can be replayed.</summary>
    public TimeSpan SentRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long parked rows are kept. Default: null, until an operator acts.</summary>
    public TimeSpan? FailedRetention { get; init; }

    /// <summary>How long processed records are kept. Default: 21 days; longer than a message can come back.</summary>
    public TimeSpan ProcessedRetention { get; init; } = TimeSpan.FromDays(21);

    /// <summary>How long failed records are kept. Default: 21 days; longer than a message can come back.</summary>
    public TimeSpan InboxFailedRetention { get; init; } = TimeSpan.FromDays(21);

    /// <summary>How long operations of operators are kept after they have ended. Default: 90 days.</summary>
    public TimeSpan OperationRetention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long after the end of its lease a claim is ended. Default: 60 seconds.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How old a row that no index knows must be to count as lost. Default: 5 minutes.</summary>
    public TimeSpan ReconcileAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many rows the first step looks at, and every step at least. Default: 500.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>
    /// How long a step should take: one that takes less than half of it is followed by one of twice as many rows, up to 16
    /// times <see cref="PageSize"/>, and one that takes longer by one of half as many. Default: 20 milliseconds, so that
    /// nobody notices the statements, and their commits cost little beside them. Zero: every step looks at as many rows as the first.
    /// </summary>
    public TimeSpan StepTime { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// How often a job remembers at most how far it has come, while it runs. Default: 250 milliseconds; what it did since is
    /// looked at again after a crash, to no effect. Zero: after every step.
    /// </summary>
    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a job is held without a sign of life. Default: 60 seconds.</summary>
    public TimeSpan JobLease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Without this much time left, no further step is begun. Default: 5 seconds.</summary>
    public TimeSpan MinimumStepTime { get; init; } = TimeSpan.FromSeconds(5);
}
