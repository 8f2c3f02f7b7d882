using System.Data.Common;
using MySqlConnector;
using Relaybox.Inbox;
using Relaybox.Sql;
using Relaybox.Timing;

namespace Relaybox.MySql;

/// <summary>
/// The inbox in a table of MySQL or MariaDB: one message to the server claims a batch of new events, one fenced update completes a
/// claim, alone or in the transaction of what the handler enlisted. The server's clock decides.
/// </summary>
/// <param name="connections">Where connections come from.</param>
/// <param name="options">The schema and its tables.</param>
/// <param name="time">The clock of the waits between tries.</param>
/// <param name="entropy">The source of claim tokens and jitter.</param>
internal sealed partial class MySqlInboxRepository(
    MySqlConnections connections, MySqlOptions options, TimeProvider time, IEntropy entropy)
    : SqlInboxRepository(connections, Statements(options), AddKey, connections.Retries(time, entropy))
{
    // Any statement of a batch without what is of its messages.
    private const int SizeWithoutBatch = 4 * 1024;

    private readonly MySqlNames _names = new(options);
    private readonly OutboxInsert _outbox = new(options);

    private readonly string _find =
        $"""
        SELECT status, deliveries, subject, {OutboxColumns.Time("received_at")}, {OutboxColumns.Time("processed_at")},
            {OutboxColumns.Time("failed_at")}, {OutboxColumns.Time("lease_until")},
            stream, stream_sequence, error_code, error_message, unfinished, emitted
        FROM {new MySqlNames(options).Inbox} WHERE event_id = @event AND consumer = @consumer AND replay_id = @replay
        """;

    /// <inheritdoc />
    public override Task<IInboxTransaction> BeginAsync(InboxClaim.Claimed claim, CancellationToken cancellationToken) =>
        Task.FromResult<IInboxTransaction>(new MySqlInboxTransaction(connections, this, _outbox, claim, time, entropy));

    /// <inheritdoc />
    public override async Task<InboxRecord?> FindAsync(InboxKey key, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellationToken);
        await using var command = new MySqlCommand(_find, connection);
        AddKey(command.Parameters, key);
        return (await command.ReadCommittedAsync(row => InboxRowReader.ReadRecord(key, row), cancellationToken)).SingleOrDefault();
    }

    /// <summary>The most bytes that the messages of one statement add to it.</summary>
    private async ValueTask<long> GetBatchLimitAsync(CancellationToken cancellationToken) =>
        connections.PacketLimit.Known is > 0 and var known
            ? known - SizeWithoutBatch
            : await Retries.RunAsync(
                async (_, ct) =>
                {
                    await using var connection = await connections.OpenConnectionAsync(ct);
                    return await GetBatchLimitAsync(connection, ct);
                },
                cancellationToken);

    private async ValueTask<long> GetBatchLimitAsync(MySqlConnection connection, CancellationToken cancellationToken) =>
        await connections.PacketLimit.RequireAsync(0, connection, transaction: null, cancellationToken) - SizeWithoutBatch;

    private static void AddKey(DbParameterCollection parameters, InboxKey key)
    {
        parameters.Add(Parameters.Bytes("@event", key.EventId));
        parameters.Add(Parameters.Bytes("@consumer", key.Consumer));
        parameters.Add(Parameters.Bytes("@replay", key.ReplayId));
    }
}
