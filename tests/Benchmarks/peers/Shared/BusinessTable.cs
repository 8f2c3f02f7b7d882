using System.Diagnostics;
using Npgsql;

namespace Relaybox.Benchmarks.Peers;

/// <summary>What the app itself writes in each of its transactions, and the writers that do so: the same for peers and for us.</summary>
internal sealed class BusinessTable(NpgsqlDataSource source)
{
    private static readonly string Text = new('b', 100);

    /// <summary>Makes the table.</summary>
    public Task CreateAsync() => ExecuteAsync(
        "CREATE TABLE IF NOT EXISTS bench_business (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL)");

    /// <summary>Inserts one row, in the transaction that the connection is in.</summary>
    public static async Task InsertAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("INSERT INTO bench_business (payload) VALUES ($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Text });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Commits transactions by several writers at once, each on a connection of its own.</summary>
    /// <param name="rows">How many transactions.</param>
    /// <param name="writers">By how many writers.</param>
    /// <param name="transaction">One transaction, until it is committed and the peer knows.</param>
    /// <returns>When the first began.</returns>
    public async Task<long> WriteAsync(int rows, int writers, Func<NpgsqlConnection, Task> transaction)
    {
        await ExecuteAsync("TRUNCATE bench_business");
        var connections = new List<NpgsqlConnection>();
        try
        {
            for (var writer = 0; writer < writers; writer++)
            {
                connections.Add(await source.OpenConnectionAsync());
            }

            var left = rows;
            var start = Stopwatch.GetTimestamp();
            await Task.WhenAll(connections.Select(connection => Task.Run(async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await transaction(connection);
                }
            })));
            return start;
        }
        finally
        {
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }
    }

    /// <summary>Fails if there are not as many rows as were to be written.</summary>
    public async Task CheckAsync(long rows)
    {
        await using var command = source.CreateCommand("SELECT count(*) FROM bench_business");
        if (await command.ExecuteScalarAsync() is long written && written != rows)
        {
            throw new InvalidOperationException($"bench_business has {written} rows, and {rows} were to be written.");
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
