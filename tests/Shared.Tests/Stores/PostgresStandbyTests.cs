using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The host's name leads to a real hot standby, as it can for a while after a failover, and later to the primary.</summary>
public sealed class PostgresStandbyTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Warm_connections_to_a_hot_standby_are_left_and_the_first_try_after_the_switch_is_right()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var schema = await PostgresSchema.CreateAsync(primary);
        await schema.ExecuteAsync("INSERT INTO {{schema}}.outbox (event_id, subject, payload) VALUES ('e-1', 'orders.placed', '{}')");
        await using var standby = await primary.StartStandbyAsync();
        await using var host = new PostgresProxy(standby.Port);
        var url = new NpgsqlConnectionStringBuilder(primary.ConnectionString)
        {
            Port = host.Port, SearchPath = $"{schema.Options.Schema},pg_catalog",
        };
        await using var connections = new PostgresConnections(
            new PostgresConnectionOptions { Url = url.ConnectionString, KeepsSessions = true }, new NoSecrets());
        var outbox = new PostgresOutboxRepository(connections, schema.Options, TimeProvider.System, SystemEntropy.Instance);
        var inbox = new PostgresInboxRepository(connections, schema.Options, TimeProvider.System, SystemEntropy.Instance);

        // Both pools are warm, and what only reads works: nothing but a write tells.
        Assert.True(await outbox.OldestDueAgeAsync(Ct) > TimeSpan.Zero);
        await using (await connections.OpenForHandlerAsync(Ct))
        {
        }

        foreach (var write in new Func<Task>[] { () => outbox.ClaimAsync(10, Lease, Ct), () => ClaimMessageAsync(inbox) })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(write);
            Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, refused.SqlState);
        }

        host.ServerPort = primary.Port;

        Assert.Equal("e-1", Assert.Single(await outbox.ClaimAsync(10, Lease, Ct)).EventId);
        Assert.IsType<InboxClaim.Claimed>(Assert.Single(await ClaimMessageAsync(inbox)));
        await using var handler = await connections.OpenForHandlerAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT pg_is_in_recovery()", handler);
        Assert.Equal(false, await command.ExecuteScalarAsync(Ct));
    }

    private static Task<IReadOnlyList<InboxClaim>> ClaimMessageAsync(PostgresInboxRepository inbox) =>
        inbox.ClaimAsync("billing", [Sample.Message("e-1")], Lease, 5, Ct);
}
