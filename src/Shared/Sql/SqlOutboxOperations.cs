using System.Data.Common;
using System.Globalization;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Timing;

namespace Relaybox.Sql;

/// <summary>What operators need of an outbox in a table. The database's clock decides.</summary>
/// <param name="database">Where connections come from.</param>
/// <param name="readParked">
/// Reads parked rows after a time and a row number, in this order: the columns of a row (<see cref="OutboxRowReader"/>), then the time now.
/// </param>
/// <param name="readSent">The same of sent rows.</param>
/// <param name="findBlocker">Gives the id of the first earlier row of a row's key that holds the row back.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of jitter.</param>
internal abstract class SqlOutboxOperations(
    SqlConnections database, string readParked, string readSent, string findBlocker, TimeProvider time, IEntropy entropy) : IOutboxOperations
{
    private const int NowColumn = OutboxRowReader.RowColumnCount;

    private readonly RetryLoop _retries = database.Retries(time, entropy);

    /// <inheritdoc />
    public Task<RowPage> ReadAsync(
        OutboxStatus status, DateTimeOffset? since, string? cursor, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var (from, rowId) = ReadCursor(cursor) ?? (since ?? DateTimeOffset.UnixEpoch, long.MinValue);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = connection.CreateCommand();
                command.CommandText = status == OutboxStatus.Sent ? readSent : readParked;
                command.Parameters.Add(database.Time("@since", from));
                command.Parameters.Add(database.Long("@row", rowId));
                command.Parameters.Add(database.Integer("@limit", limit));
                var rows = await command.ReadCommittedAsync(
                    row => (Row: row.IsDBNull(1) ? null : OutboxRowReader.ReadRow(row), Now: Columns.Time(row, NowColumn)!.Value), ct);

                // The order of the inner query need not be that of the answer.
                List<OutboxRow> read = [.. rows.Select(row => row.Row).OfType<OutboxRow>().OrderBy(row => (RowPage.TimeOf(row), row.Token.RowKey))];
                return new RowPage(read, read.Count == limit ? CursorAfter(read[^1]) : null, rows[0].Now);
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<ActionOutcome> ApplyAsync(RowAction action, IReadOnlyList<RowVersion> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var tries = new ActionTries(action, rows);
        return rows.Count == 0 ? Task.FromResult(new ActionOutcome([], [])) : _retries.RunAsync(
            async (attempt, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                return await tries.RunAsync(attempt, row => ApplyAsync(connection, action, row, ct));
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<string?> FindBlockerAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Event.OrderingKey is null ? Task.FromResult<string?>(null) : _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await database.OpenAsync(ct);
                await using var command = connection.CreateCommand();
                command.CommandText = findBlocker;
                command.Parameters.Add(database.Id("@id", row.Event.EventId));
                return (await command.ReadCommittedAsync(blocker => Columns.Text(blocker, 0), ct)).FirstOrDefault();
            },
            cancellationToken);
    }

    /// <summary>Changes one row, if it is still in its version.</summary>
    /// <returns>Whether it was.</returns>
    protected abstract Task<bool> ApplyAsync(DbConnection connection, RowAction action, RowVersion row, CancellationToken cancellationToken);

    /// <summary>The statement that changes a row of the outbox if it is still as an operator has seen it.</summary>
    /// <param name="action">What is done.</param>
    /// <param name="outbox">The table.</param>
    /// <param name="now">The time now, in SQL.</param>
    /// <param name="isVersion">The condition that the row has the id and the version of the parameters.</param>
    /// <param name="alsoRedriven">What else a redrive assigns, with a comma behind it.</param>
    protected static string Statement(RowAction action, string outbox, string now, string isVersion, string alsoRedriven = "")
    {
        const string IsParked = "status = 'failed'";
        const string IsHeld = "ordering_key IS NOT NULL AND skipped_at IS NULL";
        return action switch
        {
            RowAction.Redrive => Update(
                $"""
                {alsoRedriven} status = 'pending', attempts = 0, unfinished = 0, available_at = LEAST(available_at, {now}),
                failed_at = NULL, skipped_at = NULL, shelved_at = NULL, released_token = NULL
                """,
                IsParked),
            RowAction.Skip => Update($"skipped_at = {now}", $"status NOT IN ('pending', 'publishing', 'sent') AND {IsHeld}"),
            RowAction.Shelve => Update($"shelved_at = {now}", IsParked),
            RowAction.Unshelve => Update("shelved_at = NULL", IsParked),
            RowAction.Purge => $"DELETE FROM {outbox} WHERE {isVersion} AND {IsParked} AND NOT ({IsHeld})",
            _ => throw new ArgumentOutOfRangeException(nameof(action), action, null),
        };

        string Update(string set, string condition) => $"UPDATE {outbox} SET {set} WHERE {isVersion} AND {condition}";
    }

    // The row's number is what its token has.
    private static string CursorAfter(OutboxRow row) =>
        string.Create(CultureInfo.InvariantCulture, $"{RowPage.TimeOf(row)!.Value.UtcTicks} {row.Token.RowKey}");

    private static (DateTimeOffset Since, long RowId)? ReadCursor(string? cursor) => cursor?.Split(' ') is [var ticks, var row]
        ? (new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero), long.Parse(row, CultureInfo.InvariantCulture))
        : null;
}
