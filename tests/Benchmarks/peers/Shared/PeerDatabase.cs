using Npgsql;

namespace Relaybox.Benchmarks.Peers;

/// <summary>The database that a peer works on.</summary>
internal sealed class PeerDatabase : IAsyncDisposable
{
    // As many as a server allows at once by default, but for what else looks at it meanwhile.
    private const int MostConnections = 80;

    /// <param name="url">Where, as <c>postgres://USER@HOST:PORT/DATABASE</c>.</param>
    /// <param name="settings">More settings of Npgsql's connection string, such as <c>Max Auto Prepare=20</c>.</param>
    public PeerDatabase(string url, string settings)
    {
        var uri = new Uri(url);
        Source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(settings)
        {
            Host = uri.Host,
            Port = uri.Port,
            Username = uri.UserInfo,
            Database = uri.AbsolutePath.TrimStart('/'),
            MaxPoolSize = MostConnections,
        });
    }

    public NpgsqlDataSource Source { get; }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ReadAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
