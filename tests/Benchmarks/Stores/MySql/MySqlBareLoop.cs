using System.Data.Common;
using Relaybox.Benchmarks.Stores.Sql;

namespace Relaybox.Benchmarks.Stores.MySql;

/// <summary>Claims and marks by <see cref="MySqlBareCommands"/>.</summary>
internal sealed class MySqlBareLoop(MySqlBenchDatabase database, MySqlBenchOutbox outbox, int batchSize) : SqlBareLoop(database, outbox)
{
    private readonly MySqlBareCommands _commands = new(outbox.Table, batchSize);

    protected override async Task<List<long>> ClaimAsync(DbConnection connection, string token, CancellationToken cancellationToken) =>
        (await _commands.ClaimAsync(connection, token, cancellationToken)).ConvertAll(row => row.RowId);

    protected override Task<int> MarkAsync(DbConnection connection, List<long> ids, string token, CancellationToken cancellationToken) =>
        _commands.MarkAsync(connection, ids, token, cancellationToken);
}
