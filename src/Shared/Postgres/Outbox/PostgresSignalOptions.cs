namespace Relaybox.Postgres;

/// <summary>How a relay that waits learns of new rows.</summary>
internal sealed record PostgresSignalOptions
{
    /// <summary>
    /// How often the table is asked whether something is due, besides the notifications. Default: 500 milliseconds. It is all
    /// there is behind a pooler that gives each transaction another connection (pgbouncer's transaction mode), where LISTEN
    /// succeeds and nothing ever comes, and where the table's notify trigger is switched off.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Whether to listen. Default: yes. No behind such a pooler: its connection to the server would go on listening for
    /// the client that has it next.
    /// </summary>
    public bool Listen { get; init; } = true;
}
