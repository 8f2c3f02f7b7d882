using System.Globalization;
using Npgsql;
using Relaybox.Outbox;
using Relaybox.Paging;
using Relaybox.Sql;

namespace Relaybox.Postgres;

// Maintenance: bounded steps. What a step changes it does not find again, so the cursor only says that there may be more.
internal sealed partial class PostgresOutboxRepository
{
    private const string More = "more";
    private const string MoreArchived = "archived";
    private const string MoreParked = "parked";
    private const int PartitionsAhead = 7;

    // For one transaction. A transaction that has a sent row locked is an exception, and may keep it for long.
    private const string LockTimeout = "SELECT set_config('lock_timeout', '20ms', true)";

    private readonly OutboxUpkeepSql _upkeep;

    /// <inheritdoc />
    public async Task<MaintenancePage> CleanupAsync(
        TimeSpan sentRetention, TimeSpan? failedRetention, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        if (cursor is null or MoreArchived && await KeepPartitionsAsync(sentRetention, cancellationToken) is > 0 and var dropped)
        {
            return new MaintenancePage(dropped, MoreArchived);
        }

        if (cursor != MoreParked)
        {
            var (sent, last) = await DeleteSentAsync(sentRetention, SentFrom(cursor), pageSize, cancellationToken);
            return new MaintenancePage(
                sent,
                last is { } at ? string.Create(CultureInfo.InvariantCulture, $"{More} {at.Ticks}") : failedRetention is null ? null : MoreParked);
        }

        var parked = failedRetention is { } retention
            ? await ExecuteAsync(_upkeep.DeleteParked, retention, pageSize, cancellationToken)
            : 0;
        return new MaintenancePage(parked, parked == pageSize ? MoreParked : null);
    }

    /// <inheritdoc />
    public async Task<MaintenancePage> ResetStaleAsync(
        TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var reset = await ExecuteAsync(_upkeep.ResetStale, age, pageSize, cancellationToken);
        return new MaintenancePage(reset, reset == pageSize ? More : null);
    }

    /// <inheritdoc />
    public Task<ReconcilePage> ReconcileAsync(TimeSpan age, string? cursor, int pageSize, CancellationToken cancellationToken)
    {
        var after = cursor is null ? 0 : long.Parse(cursor, CultureInfo.InvariantCulture);
        return _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_upkeep.Reconcile, connection);
                command.Parameters.Add(Parameters.Long(after));
                command.Parameters.Add(Parameters.Integer(pageSize));
                command.Parameters.Add(Parameters.Interval(age));
                var rows = await command.ReadCommittedAsync(
                    row => (
                        Status: row.GetString(0), Count: row.GetInt64(1), Last: row.GetInt64(2),
                        Seen: (long)row.GetDecimal(3), Recovered: row.GetInt64(4)),
                    ct);
                var counts = rows.ToDictionary(row => row.Status, row => row.Count, StringComparer.Ordinal);
                var (last, seen, recovered) = rows.Count == 0 ? (0, 0, 0) : (rows.Max(row => row.Last), rows[0].Seen, rows[0].Recovered);
                if (seen == pageSize)
                {
                    return new ReconcilePage((int)recovered, counts, last.ToString(CultureInfo.InvariantCulture));
                }

                await using var countArchived = new NpgsqlCommand(_upkeep.CountArchived, connection);
                if (await countArchived.ExecuteScalarAsync(ct) is long and > 0 and var archived)
                {
                    counts[OutboxStatusText.Sent] = counts.GetValueOrDefault(OutboxStatusText.Sent) + archived;
                }

                return new ReconcilePage((int)recovered, counts, Cursor: null);
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, long>> GetCountByStatusAsync(CancellationToken cancellationToken) =>
        _retries.RunAsync<IReadOnlyDictionary<string, long>>(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_upkeep.CountByStatus, connection);
                var counts = await command.ReadCommittedAsync(row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)), ct);
                return new Dictionary<string, long>(counts, StringComparer.Ordinal);
            },
            cancellationToken);

    /// <inheritdoc />
    public Task<TimeSpan> OldestDueAgeAsync(CancellationToken cancellationToken) =>
        _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_upkeep.OldestDueAge, connection);
                return await command.ExecuteScalarAsync(ct) is TimeSpan age ? age : TimeSpan.Zero;
            },
            cancellationToken);

    private static DateTimeOffset? SentFrom(string? cursor) =>
        cursor?.Split(' ') is [More, var ticks] ? new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero) : null;

    /// <summary>Deletes rows, and says from when on to look for more; null: no more can be deleted now.</summary>
    private Task<(int Deleted, DateTime? From)> DeleteSentAsync(
        TimeSpan retention, DateTimeOffset? from, int limit, CancellationToken cancellationToken)
    {
        return _retries.RunAsync<(int, DateTime?)>(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                var deleted = 0;
                try
                {
                    (deleted, var last) = await DeleteAsync(connection, ct, new NpgsqlBatchCommand(LockTimeout), Step(_upkeep.DeleteSent));
                    if (deleted == limit)
                    {
                        return (deleted, last);
                    }
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
                {
                    // None of them was deleted.
                }

                var (others, end) = await DeleteAsync(connection, ct, Step(_upkeep.DeleteSentUnlessLocked, limit - deleted));
                return (deleted + others, deleted + others == limit ? end : null);
            },
            cancellationToken);

        NpgsqlBatchCommand Step(string sql, int? most = null) =>
            new(sql) { Parameters = { Parameters.Interval(retention), Parameters.Integer(most ?? limit), Parameters.Time(from) } };

        static async Task<(int, DateTime)> DeleteAsync(NpgsqlConnection connection, CancellationToken ct, params NpgsqlBatchCommand[] commands)
        {
            await using var batch = new NpgsqlBatch(connection);
            foreach (var command in commands)
            {
                batch.BatchCommands.Add(command);
            }

            var answer = await batch.ReadCommittedAsync(row => ((int)row.GetInt64(0), row.IsDBNull(1) ? default : row.GetDateTime(1)), ct);
            return answer.Single();
        }
    }

    private Task<int> KeepPartitionsAsync(TimeSpan retention, CancellationToken cancellationToken) =>
        _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(_upkeep.KeepPartitions, connection);
                command.Parameters.Add(Parameters.Interval(retention));
                command.Parameters.Add(Parameters.Integer(_afterSending == AfterSending.Archive ? PartitionsAhead : -1));
                return (int)Math.Min((long)(await command.ExecuteScalarAsync(ct))!, int.MaxValue);
            },
            cancellationToken);

    private Task<int> ExecuteAsync(string sql, TimeSpan age, int limit, CancellationToken cancellationToken) =>
        _retries.RunAsync(
            async (_, ct) =>
            {
                await using var connection = await _connections.OpenConnectionAsync(ct);
                await using var command = new NpgsqlCommand(sql, connection);
                command.Parameters.Add(Parameters.Interval(age));
                command.Parameters.Add(Parameters.Integer(limit));
                return await command.ExecuteNonQueryAsync(ct);
            },
            cancellationToken);
}
