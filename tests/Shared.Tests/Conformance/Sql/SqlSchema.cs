using System.Data.Common;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>A schema of its own on the test server of an SQL database, and a clock that a test can move.</summary>
public abstract class SqlSchema : IAsyncDisposable
{
    /// <summary>The names of the schema's files, in the order in which they are applied.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>Where connections come from.</summary>
    protected abstract DbDataSource Source { get; }

    /// <summary>The database's time, in SQL.</summary>
    protected abstract string Clock { get; }

    /// <summary>Does what Setup does.</summary>
    /// <returns>The names of what was applied.</returns>
    public abstract Task<IReadOnlyList<string>> MigrateAsync();

    /// <summary>Creates what is missing.</summary>
    /// <param name="outboxTable">The outbox's name; null: the schema's own.</param>
    public abstract Task EnsureCreatedAsync(string? outboxTable = null);

    /// <summary>Lets time pass, for everything in the schema.</summary>
    public abstract Task PassAsync(TimeSpan time);

    /// <summary>Fills in the names of the schema.</summary>
    public abstract string Fill(string sql);

    /// <summary>What stands for a parameter in a statement.</summary>
    /// <param name="number">Which it is, from 1.</param>
    public abstract string Parameter(int number);

    public async Task<DateTimeOffset> NowAsync() => new((DateTime)(await ScalarAsync(Clock))!, TimeSpan.Zero);

    /// <summary>Another connection.</summary>
    public ValueTask<DbConnection> OpenAsync() => Source.OpenConnectionAsync(TestContext.Current.CancellationToken);

    /// <summary>Runs SQL by hand; the placeholders are those of the schema's files, and the parameters are the database's, in their order.</summary>
    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc cref="ExecuteAsync"/>
    public async Task<object?> ScalarAsync(string sql, params object?[] parameters)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Every row of a query, every value as text; nulls are left out.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> QueryAsync(string sql, params object?[] parameters)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await using var command = Command(connection, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<IReadOnlyDictionary<string, string>>();
        while (await reader.ReadAsync())
        {
            rows.Add(Enumerable.Range(0, reader.FieldCount)
                .Where(i => !reader.IsDBNull(i))
                .ToDictionary(reader.GetName, i => Text(reader, i)));
        }

        return rows;
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>A value as text.</summary>
    protected abstract string Text(DbDataReader reader, int i);

    /// <summary>Makes a command of a statement.</summary>
    public DbCommand Command(DbConnection connection, string sql, params object?[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = Fill(sql);
        foreach (var value in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.Value = value is DateTimeOffset time ? time.UtcDateTime : value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
