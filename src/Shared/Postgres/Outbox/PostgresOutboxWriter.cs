using Npgsql;
using Relaybox.Outbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.Postgres;

/// <inheritdoc />
/// <remarks>
/// Where the sequence of row numbers is behind, a call throws <see cref="OutboxSequenceException"/> and writes nothing; Setup puts it right.
/// </remarks>
public sealed class PostgresOutboxWriter : SqlOutboxWriter<NpgsqlTransaction>
{
    /// <summary>Makes a writer on the app's own connections; many threads may use it at once.</summary>
    /// <param name="dataSource">The app's data source, which the app disposes.</param>
    /// <param name="options">The schema and its tables; the same as the functions have.</param>
    public PostgresOutboxWriter(NpgsqlDataSource dataSource, PostgresOptions options)
        : this(new PostgresConnections(dataSource), options, SystemEntropy.Instance)
    {
    }

    /// <param name="connections">Where the writer's own transactions get their connections.</param>
    /// <param name="options">The schema and its tables.</param>
    /// <param name="entropy">The source of event ids.</param>
    internal PostgresOutboxWriter(PostgresConnections connections, PostgresOptions options, IEntropy entropy)
        : base(new PostgresOutboxDialect(connections, options), entropy)
    {
    }
}
