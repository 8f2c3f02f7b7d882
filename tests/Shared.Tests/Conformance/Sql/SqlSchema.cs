using System.Collections.Concurrent;
using System.Data.Common;
using System.Runtime.CompilerServices;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// A schema of its own on the test server of an SQL database, and a clock that a test can move. To make a schema takes longer than most
/// tests: one that a test leaves with the objects that it had at first is emptied, and serves another test.
/// </summary>
public abstract class SqlSchema : IAsyncDisposable
{
    // The schemas of each server that no test uses, by what they were made with.
    private static readonly ConditionalWeakTable<object, ConcurrentDictionary<string, ConcurrentBag<SqlSchema>>> Unused = [];

    private ConcurrentBag<SqlSchema>? _home;
    private string? _objects;
    private IAsyncDisposable? _kept;

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

    /// <summary>Has the schema dropped at its end, for a test that leaves connections of its pool broken.</summary>
    public void Abandon() => _home = null;

    /// <summary>Makes what stays with the schema for the tests to come, such as users and their connections, or gives what was made before.</summary>
    public async Task<T> KeepAsync<T>(Func<Task<T>> make)
        where T : class, IAsyncDisposable
    {
        if (_kept is T kept)
        {
            return kept;
        }

        var made = await make();
        (_kept, _objects) = (made, await DescribeAsync());
        return made;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_home is not { } home || !await TryEmptyAsync())
        {
            await (_kept?.DisposeAsync() ?? ValueTask.CompletedTask);
            await DropAsync();
            return;
        }

        home.Add(this);
    }

    /// <summary>Takes a schema that no test uses, or makes one with all of its tables.</summary>
    /// <param name="server">The server.</param>
    /// <param name="options">The names, but for the schema's; null: those by default.</param>
    /// <param name="more">Further statements that it is made with.</param>
    /// <param name="createEmpty">Makes one with nothing in it but its clock.</param>
    /// <param name="use">What is kept with it, where that is something.</param>
    protected static async Task<T> TakeAsync<T>(object server, object? options, string more, Func<Task<T>> createEmpty, string use = "")
        where T : SqlSchema
    {
        var home = Unused.GetOrCreateValue(server).GetOrAdd($"{options} {more} {use}", _ => []);
        if (home.TryTake(out var unused))
        {
            return (T)unused;
        }

        var made = await createEmpty();
        await made.MigrateAsync();
        if (more.Length > 0)
        {
            await made.ExecuteAsync(more);
        }

        (made._home, made._objects) = (home, await made.DescribeAsync());
        return made;
    }

    /// <summary>Every object of the schema with all that a test can change of it, but no rows of it.</summary>
    protected abstract Task<string> DescribeAsync();

    /// <summary>Takes away all rows that tests wrote, and sets the clock right.</summary>
    /// <exception cref="DbException">Somebody holds a row for longer than a moment.</exception>
    protected abstract Task EmptyAsync();

    protected abstract ValueTask DropAsync();

    private async Task<bool> TryEmptyAsync()
    {
        try
        {
            if (await DescribeAsync() != _objects)
            {
                return false;
            }

            await EmptyAsync();
            return true;
        }
        catch (DbException)
        {
            return false;
        }
    }

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
