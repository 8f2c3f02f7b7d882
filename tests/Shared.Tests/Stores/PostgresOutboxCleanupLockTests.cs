using Npgsql;
using Relaybox.Sql;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>The cleanup of sent rows does not lock them first: what it does about those that somebody else has locked or changes.</summary>
public sealed class PostgresOutboxCleanupLockTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(1);

    private PostgresOutboxHarness? _store;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PostgresOutboxHarness Store => _store!;

    public async ValueTask InitializeAsync() => _store = await PostgresOutboxHarness.CreateAsync(server);

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_row_that_somebody_holds_is_left_and_all_others_are_deleted()
    {
        await WriteSentAsync(25);
        await using (var holder = await BeginAsync("SELECT FROM {{outbox}} WHERE event_id = 'e-7' FOR UPDATE"))
        {
            var deleted = 0;
            string? cursor = null;
            do
            {
                var page = await Store.Repository.CleanupAsync(Retention, null, cursor, 10, Ct);
                deleted += page.Affected;
                cursor = page.Cursor;
            }
            while (cursor is not null);
            Assert.Equal(24, deleted);
        }

        Assert.Equal(1, (await Store.Repository.CleanupAsync(Retention, null, null, 10, Ct)).Affected);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_row_that_is_made_pending_while_the_cleanup_waits_for_it_is_kept()
    {
        await WriteSentAsync(3);
        var holder = await BeginAsync("UPDATE {{outbox}} SET status = 'pending', sent_at = NULL WHERE event_id = 'e-1'");
        await using var connection = await Store.Schema.DataSource.OpenConnectionAsync(Ct);

        // As the repository does it, but with all the time that the other takes.
        await using var command = new NpgsqlCommand(new OutboxUpkeepSql(new PostgresNames(Store.Schema.Options)).DeleteSent, connection)
        {
            Parameters = { Parameters.Interval(Retention), Parameters.Integer(10), Parameters.Time(null) },
        };
        var deleting = command.ReadCommittedAsync(row => row.GetInt64(0), Ct);
        await Eventually.TrueAsync(
            async () => await Store.Schema.ScalarAsync(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = $1", connection.ProcessID) is 1L,
            "the cleanup waits for the row");
        await holder.CommitAsync(Ct);

        Assert.Equal(2, Assert.Single(await deleting));
        Assert.Equal(OutboxStatus.Pending, (await Store.Repository.FindAsync("e-1", Ct))?.Status);
    }

    [Fact]
    public async Task A_session_that_has_claimed_or_cleaned_up_keeps_the_settings_of_before()
    {
        await using var dataSource = Store.Schema.Connect(settings => (settings.MaxPoolSize, settings.NoResetOnClose) = (1, true));
        var repository = Store.CreateRepository(dataSource);
        var before = await SettingsAsync();

        // The first claims look for rows with keys, the later ones for plain ones alone.
        for (var i = 0; i < 10; i++)
        {
            await Store.Schema.ExecuteAsync("INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ($1, 's', '{}')", $"e-{i}");
            Assert.Single(await repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
            Assert.Equal(before, await SettingsAsync());
        }

        await repository.CleanupAsync(Retention, null, null, 10, Ct);
        Assert.Equal(before, await SettingsAsync());

        async Task<object?> SettingsAsync()
        {
            await using var connection = await dataSource.OpenConnectionAsync(Ct);
            await using var command = new NpgsqlCommand(
                "SELECT current_setting('synchronous_commit') || ' ' || current_setting('lock_timeout')", connection);
            return await command.ExecuteScalarAsync(Ct);
        }
    }

    private async Task WriteSentAsync(int rows)
    {
        var old = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(30);
        for (var i = 0; i < rows; i++)
        {
            await Store.WriteAsync(new($"e-{i}") { Status = "sent", SentAt = old + TimeSpan.FromMinutes(i) });
        }
    }

    private async Task<NpgsqlTransaction> BeginAsync(string sql)
    {
        var connection = await Store.Schema.DataSource.OpenConnectionAsync(Ct);
        var transaction = await connection.BeginTransactionAsync(Ct);
        await using var command = new NpgsqlCommand(Store.Schema.Fill(sql), connection, transaction);
        await command.ExecuteNonQueryAsync(Ct);
        return transaction;
    }
}
