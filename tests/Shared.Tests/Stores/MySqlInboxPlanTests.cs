using System.Collections.Concurrent;
using System.Text;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>
/// What the statements of a consumer and of maintenance read, however large the table is: a statement that reads all of it would
/// also lock all of it.
/// </summary>
public sealed class MySqlInboxPlanTests(MySqlServer server) : SqlInboxThroughProxy
{
    private MySqlSchema Schema => ((MySqlInboxHarness)Store).Schema;

    private protected override async Task<SqlInboxHarness> CreateHarnessAsync() => await MySqlInboxHarness.CreateAsync(server);

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public async Task A_statement_of_a_consumer_finds_its_records_by_their_key(int thousands)
    {
        await FillAsync(thousands);
        await AssertPlansAsync(7, async () =>
        {
            string[] ids = ["new", "e-1", "e-2", "e-3"];
            var answers = await Repository.ClaimAsync("billing", [.. ids.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
            var claims = answers.Cast<InboxClaim.Claimed>().ToList();
            Assert.All(await Repository.TryMarkProcessedAsync(claims[..3], Ct), Assert.True);
            Assert.True(await Repository.RenewAsync(claims[3], TimeSpan.FromMinutes(1), Ct));
            Assert.True(await Repository.StartAsync(claims[3], TimeSpan.FromMinutes(1), Ct));
            Assert.True(await Repository.MarkFailedAsync(claims[3], ErrorCodes.HandlerFailed, "no", Ct));
            Assert.False(await Repository.MarkProcessedAsync(claims[3], Ct));
            await Repository.FindAsync("billing", "e-1", Ct);
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public async Task A_page_of_maintenance_reads_the_oldest_records_of_its_status_by_their_time_and_sorts_nothing(int thousands)
    {
        await FillAsync(thousands);
        var page = Math.Min(100, thousands * 1000);
        await AssertPlansAsync(3, async () =>
        {
            foreach (var status in new[] { "processed", "failed" })
            {
                Assert.Equal(page, (await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), status, 100, Ct)).Affected);
            }

            Assert.Equal(page, (await Repository.ResetStaleAsync(TimeSpan.FromMinutes(1), null, 100, Ct)).Affected);
        });
    }

    /// <summary>Records of each status, so many thousands each, all of them old.</summary>
    private async Task FillAsync(int thousands)
    {
        const string Numbers = "WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)";
        foreach (var (status, prefix) in new[] { ("failed", "e"), ("processed", "p"), ("processing", "c") })
        {
            for (var thousand = 0; thousand < thousands; thousand++)
            {
                await Schema.ExecuteAsync(
                    $$$"""
                    INSERT INTO {{inbox}} (event_id, consumer, status, deliveries, processed_at, lease_until, failed_at)
                    {{{Numbers}}}
                    SELECT CONCAT('{{{prefix}}}-', n + {{{thousand}}}000), 'billing', '{{{status}}}', 1,
                        {{now}} - INTERVAL 2 DAY, {{now}} - INTERVAL 2 DAY, {{now}} - INTERVAL 2 DAY
                    FROM numbers
                    """);
            }
        }

        await Schema.ExecuteAsync("ANALYZE TABLE {{inbox}}");
    }

    private async Task AssertPlansAsync(int atLeast, Func<Task> work)
    {
        var sent = new ConcurrentQueue<byte[]>();
        Proxy.Listener = sent.Enqueue;
        await work();
        Proxy.Listener = null;
        var explained = 0;
        foreach (var statement in sent.SelectMany(Statements))
        {
            explained++;
            foreach (var step in await Schema.QueryAsync($"EXPLAIN {statement}"))
            {
                // The others are the server's own temporary tables, as long as the batch, and the tests' clock.
                if (step.GetValueOrDefault("table") is not { } table || (table != "r" && table != "inbox"))
                {
                    continue;
                }

                var plan = $"{string.Join(", ", step.Select(column => $"{column.Key} = {column.Value}"))}: {statement}";
                Assert.True(step["type"] is "const" or "eq_ref" or "ref" or "ref_or_null" or "range", plan);
                Assert.DoesNotContain("filesort", step.GetValueOrDefault("Extra", ""), StringComparison.Ordinal);
            }
        }

        Assert.True(explained >= atLeast, $"{explained} statements were explained.");
    }

    // A message to the server is a header, the kind of the command, perhaps a count of attributes, and the text.
    private static IEnumerable<string> Statements(byte[] message)
    {
        var text = Encoding.UTF8.GetString(message);
        return text.Split(';').Select(statement => statement[Start(statement)..].Trim()).Where(statement => statement.Length > 0);

        static int Start(string statement) => new[] { "SELECT ", "UPDATE ", "DELETE " }
            .Select(word => statement.IndexOf(word, StringComparison.Ordinal))
            .Where(at => at is >= 0 and < 12)
            .DefaultIfEmpty(statement.Length)
            .Min();
    }
}
