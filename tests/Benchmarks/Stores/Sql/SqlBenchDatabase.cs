using System.Data.Common;
using System.Globalization;

namespace Relaybox.Benchmarks.Stores.Sql;

/// <summary>A server with SQL, and the words in which its SQL differs from that of others.</summary>
internal abstract class SqlBenchDatabase
{
    /// <summary>Plain connections of the driver.</summary>
    public abstract DbDataSource DataSource { get; }

    /// <summary>A random id, as text.</summary>
    public abstract string NewId { get; }

    /// <summary>The time in UTC, as a column without a time zone has it.</summary>
    public abstract string Now { get; }

    /// <summary>A time 30 days ago, and as many milliseconds before as the column <c>n</c> says.</summary>
    public abstract string LongAgo { get; }

    /// <summary>A table whose column <c>n</c> counts from 1.</summary>
    /// <param name="count">How many rows it has: 1 or more.</param>
    public abstract string Numbers(long count);

    /// <summary>How a statement names a parameter.</summary>
    /// <param name="number">Its place: 1 or more.</param>
    public abstract string Parameter(int number);

    /// <summary>Clears away what deleted rows have left behind, and tells the planner how a table is now.</summary>
    public abstract Task RefreshAsync(string table, CancellationToken cancellationToken);

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = DataSource.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = DataSource.CreateCommand(sql);
        command.CommandTimeout = 0;
        return (T)Convert.ChangeType((await command.ExecuteScalarAsync(cancellationToken))!, typeof(T), CultureInfo.InvariantCulture);
    }
}
