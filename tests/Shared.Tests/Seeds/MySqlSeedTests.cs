using MySqlConnector;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Seeds;

/// <summary>
/// The MySQL section of nats-pubsub's guide to custom repositories: what its tables and statements promise, on ours; and what goes wrong
/// with its tables, on both.
/// </summary>
public sealed class MySqlSeedTests(MySqlServer server) : IAsyncLifetime
{
    // As the guide has it.
    private const string OutboxOfTheSeed =
        """
        CREATE TABLE {{schema}}.nats_outbox_events (
          event_id VARCHAR(255) PRIMARY KEY,
          subject VARCHAR(500) NOT NULL,
          payload LONGTEXT NOT NULL,
          headers TEXT,
          status VARCHAR(50) NOT NULL DEFAULT 'pending',
          enqueued_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
          sent_at TIMESTAMP NULL,
          error_message TEXT,
          created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
          updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          INDEX idx_outbox_status_enqueued (status, enqueued_at),
          INDEX idx_outbox_sent_at (sent_at)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
        """;

    private const string InsertOfTheSeed =
        """
        INSERT IGNORE INTO {{schema}}.nats_outbox_events (event_id, subject, payload, headers, status, enqueued_at)
        VALUES (?, ?, ?, ?, 'pending', NOW())
        """;

    private MySqlInboxHarness _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await MySqlInboxHarness.CreateAsync(server);
        await _store.Schema.ExecuteAsync(OutboxOfTheSeed);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Two_ids_that_differ_in_case_are_one_event_to_the_seeds_table_and_two_to_ours()
    {
        foreach (var id in new[] { "a1", "A1" })
        {
            await InsertAsSeedAsync(Sample.Event(id, payload: id));
            await _store.Outbox.FindOrCreateAsync(Sample.Event(id, payload: id), Ct);
        }

        Assert.Equal(1L, await _store.Schema.ScalarAsync("SELECT COUNT(*) FROM {{schema}}.nats_outbox_events"));
        Assert.Equal(2, (await _store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task A_row_that_breaks_a_rule_is_cut_by_the_seeds_insert_and_refused_by_ours()
    {
        var subject = new string('s', 501);
        Assert.Equal(1, await InsertAsSeedAsync(Sample.Event("e-1", subject: subject)));
        Assert.Equal(500, Convert.ToInt64(await _store.Schema.ScalarAsync("SELECT CHAR_LENGTH(subject) FROM {{schema}}.nats_outbox_events"), null));

        await Assert.ThrowsAsync<RowContractException>(() => _store.Outbox.FindOrCreateAsync(Sample.Event("e-1", subject: subject), Ct));
        var refused = await Assert.ThrowsAsync<MySqlException>(() => _store.Schema.ExecuteAsync(
            "INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('e-1', ?, '{}')", subject));
        Assert.Equal(MySqlErrorCode.DataTooLong, refused.ErrorCode);
    }

    [Fact]
    public async Task An_id_that_is_taken_by_another_event_is_hidden_by_the_seeds_insert_and_told_by_ours()
    {
        await InsertAsSeedAsync(Sample.Event("e-1", "first"));
        Assert.Equal(0, await InsertAsSeedAsync(Sample.Event("e-1", "second")));

        await _store.Outbox.FindOrCreateAsync(Sample.Event("e-1", "first"), Ct);
        Assert.False((await _store.Outbox.FindOrCreateAsync(Sample.Event("e-1", "first"), Ct)).Created);
        await Assert.ThrowsAsync<EventIdConflictException>(() => _store.Outbox.FindOrCreateAsync(Sample.Event("e-1", "second"), Ct));
    }

    [Fact]
    public async Task An_event_that_two_relays_find_is_published_by_one_of_them()
    {
        await _store.Outbox.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        var claims = await Task.WhenAll(Enumerable.Range(0, 4).Select(
            _ => _store.Outbox.MarkAsPublishingAsync("e-1", TimeSpan.FromMinutes(1), Ct)));
        Assert.Single(claims, claim => claim is not null);
    }

    [Fact]
    public async Task Times_are_of_the_server_in_utc_to_the_microsecond_whatever_its_zone_is()
    {
        await _store.Schema.ExecuteAsync(
            "SET time_zone = '-07:00'; INSERT INTO {{outbox}} (event_id, subject, payload) VALUES ('e-1', 'orders.placed', '{}')");
        var enqueued = (await _store.Outbox.FindAsync("e-1", Ct))!.Event.EnqueuedAt!.Value;
        Assert.InRange(enqueued, _store.Now - TimeSpan.FromMinutes(1), _store.Now + TimeSpan.FromSeconds(1));
        var precision = await _store.Schema.ScalarAsync(
            "SELECT datetime_precision FROM information_schema.columns WHERE table_schema = ? AND table_name = 'outbox' AND column_name = 'sent_at'",
            _store.Schema.Options.Schema);
        Assert.Equal(6, Convert.ToInt64(precision, null));
    }

    [Fact]
    public async Task The_inbox_goes_from_processing_to_processed_or_failed_and_counts_deliveries()
    {
        var message = Sample.Message("e-1") with { Stream = "ORDERS", StreamSequence = 7 };
        var first = await ClaimAsync(message);
        Assert.True(await _store.Repository.MarkFailedAsync(first, ErrorCodes.HandlerFailed, "boom", Ct));
        var second = await ClaimAsync(message);
        Assert.Equal((1, 2), (first.Deliveries, second.Deliveries));
        Assert.True(await _store.Repository.MarkProcessedAsync(second, Ct));
        Assert.True(await _store.Repository.IsProcessedAsync("billing", "e-1", Ct));

        var record = (await _store.Repository.FindAsync(message.KeyFor("billing"), Ct))!;
        Assert.Equal((InboxStatus.Processed, "ORDERS", 7L), (record.Status, record.Stream, record.StreamSequence));
        Assert.Equal(1, (await _store.Repository.GetCountByStatusAsync(Ct))["processed"]);

        await _store.PassAsync(TimeSpan.FromDays(8));
        Assert.Equal(1, (await _store.Repository.CleanupAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(21), null, 100, Ct)).Affected);
    }

    [Fact]
    public async Task A_message_that_is_stuck_is_failed_and_may_be_claimed_again()
    {
        await ClaimAsync(Sample.Message("e-1"));
        await _store.PassAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(1, (await _store.Repository.ResetStaleAsync(TimeSpan.FromMinutes(5), null, 100, Ct)).Affected);
        var record = (await _store.Repository.FindAsync(Sample.Message("e-1").KeyFor("billing"), Ct))!;
        Assert.Equal((InboxStatus.Failed, InboxRecord.LeaseExpired), (record.Status, record.ErrorMessage));
        await ClaimAsync(Sample.Message("e-1"));
    }

    private Task<int> InsertAsSeedAsync(OutboxEvent outboxEvent) =>
        _store.Schema.ExecuteAsync(InsertOfTheSeed, outboxEvent.EventId, outboxEvent.Subject, outboxEvent.Payload, null);

    private async Task<InboxClaim.Claimed> ClaimAsync(InboxMessage message) => Assert.IsType<InboxClaim.Claimed>(
        Assert.Single(await _store.Repository.ClaimAsync("billing", [message], TimeSpan.FromMinutes(1), 5, Ct)));
}
