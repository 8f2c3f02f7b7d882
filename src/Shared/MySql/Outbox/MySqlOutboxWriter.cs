using MySqlConnector;
using Relaybox.Outbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <inheritdoc />
/// <remarks>
/// Where the numbers of an ordering key are missing, a call throws <see cref="OutboxNumbersException"/> and writes nothing; Setup puts it right.
/// </remarks>
public sealed class MySqlOutboxWriter : SqlOutboxWriter<MySqlTransaction>
{
    /// <summary>Makes a writer on the app's own connections; many threads may use it at once.</summary>
    /// <param name="dataSource">The app's data source, which the app disposes.</param>
    /// <param name="options">The schema and its tables; the same as the functions have.</param>
    public MySqlOutboxWriter(MySqlDataSource dataSource, MySqlOptions options)
        : this(new MySqlConnections(dataSource), options, SystemEntropy.Instance)
    {
    }

    /// <param name="connections">Where the writer's own transactions get their connections.</param>
    /// <param name="options">The schema and its tables.</param>
    /// <param name="entropy">The source of event ids.</param>
    internal MySqlOutboxWriter(MySqlConnections connections, MySqlOptions options, IEntropy entropy)
        : base(new MySqlOutboxDialect(connections, options), entropy)
    {
    }
}
