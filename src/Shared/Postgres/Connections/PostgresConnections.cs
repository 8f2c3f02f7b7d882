using System.Data.Common;
using Npgsql;
using Relaybox.Secrets;
using Relaybox.Sql;

namespace Relaybox.Postgres;

/// <inheritdoc />
internal sealed class PostgresConnections : SqlConnections, IAsyncDisposable
{
    private readonly PostgresConnectionOptions _options;
    private readonly SecretBound<Source> _source;

    /// <summary>Connections by configuration.</summary>
    /// <param name="options">How the database is reached.</param>
    /// <param name="secrets">Where secrets come from.</param>
    public PostgresConnections(PostgresConnectionOptions options, ISecretSource secrets)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _source = new SecretBound<Source>(secrets, options.SecretArn, text => Source.Create(
            text is null ? PostgresConnectionText.FromUrl(options) : PostgresConnectionText.FromSecret(text, options), options));
    }

    /// <summary>Connections of a data source of the caller's, who disposes it.</summary>
    /// <param name="dataSource">The data source.</param>
    public PostgresConnections(NpgsqlDataSource dataSource)
    {
        _options = new PostgresConnectionOptions();
        _source = new SecretBound<Source>(new Source(dataSource, dataSource, IsOwned: false));
    }

    /// <summary>
    /// Opens a connection, or takes one of the pool, for statements that leave nothing behind in its session: the next one gets it
    /// as it is, unless the options say otherwise.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    public ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellationToken = default) =>
        OpenAsync(source => source.Own, cancellationToken);

    /// <summary>
    /// Opens a connection for anybody's statements, such as a handler's: its session is reset before the next one gets it. These
    /// connections are a pool of their own.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses the credentials.</exception>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    internal ValueTask<NpgsqlConnection> OpenForHandlerAsync(CancellationToken cancellationToken) =>
        OpenAsync(source => source.Handlers, cancellationToken);

    /// <inheritdoc />
    internal override void LeaveReadOnlyServer(Exception exception)
    {
        if (_source.Current is { IsOwned: true } source && PostgresFaults.IsOfReadOnlyServer(exception))
        {
            source.Own.Clear();
            source.Handlers.Clear();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_source.Current is { IsOwned: true } source)
        {
            await source.Own.DisposeAsync();
            await source.Handlers.DisposeAsync();
        }

        _source.Dispose();
    }

    /// <inheritdoc />
    internal override async ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken) => await OpenConnectionAsync(cancellationToken);

    /// <inheritdoc />
    internal override DbParameter Text(string name, string? value) => Parameters.Text(value);

    /// <inheritdoc />
    internal override DbParameter Integer(string name, int value) => Parameters.Integer(value);

    /// <inheritdoc />
    internal override DbParameter Long(string name, long value) => Parameters.Long(value);

    /// <inheritdoc />
    internal override DbParameter Id(string name, string value) => Parameters.Text(value);

    /// <inheritdoc />
    internal override DbParameter Time(string name, DateTimeOffset? value) => Parameters.Time(value);

    /// <inheritdoc />
    internal override DbParameter Interval(string name, TimeSpan value) => Parameters.Interval(value);

    /// <inheritdoc />
    protected override bool CanSucceedLater(Exception exception) => PostgresFaults.IsTransient(exception);

    /// <inheritdoc />
    protected override bool IsOfServer(Exception exception) => PostgresFaults.IsOfServer(exception);

    /// <inheritdoc />
    protected override string? Describe(Exception exception) => _source.Current is { } source
        ? PostgresFailureText.Describe(exception, PostgresConnectionText.TargetOf(source.Own.ConnectionString, _options))
        : null;

    private ValueTask<NpgsqlConnection> OpenAsync(Func<Source, NpgsqlDataSource> kind, CancellationToken cancellationToken) => _source.UseAsync(
        (source, ct) => kind(source).OpenConnectionAsync(ct),
        failure => failure is PostgresException e && PostgresFaults.IsRefusal(e),
        cancellationToken);

    private sealed record Source(NpgsqlDataSource Own, NpgsqlDataSource Handlers, bool IsOwned)
    {
        internal static Source Create(NpgsqlConnectionStringBuilder text, PostgresConnectionOptions options)
        {
            var handlers = CreateForHandlers(text);
            if (!options.KeepsSessions)
            {
                return new Source(handlers, handlers, IsOwned: true);
            }

            text.NoResetOnClose = true;
            return new Source(NpgsqlDataSource.Create(text.ConnectionString), handlers, IsOwned: true);
        }

        private static NpgsqlDataSource CreateForHandlers(NpgsqlConnectionStringBuilder text)
        {
            var builder = new NpgsqlDataSourceBuilder(text.ConnectionString);
            if (!text.NoResetOnClose)
            {
                builder.UsePhysicalConnectionInitializer(_ => throw new NotSupportedException(), KeepPlansAsync);
            }

            return builder.Build();
        }

        // The driver resets a session by DISCARD ALL, which also throws away what the server has planned for our functions. Where the session has a
        // prepared statement, the driver resets everything else.
        private static async Task KeepPlansAsync(NpgsqlConnection connection)
        {
            await using var any = new NpgsqlCommand("SELECT 1", connection);
            await any.PrepareAsync();
        }
    }
}
