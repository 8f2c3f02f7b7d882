using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What the scripts touch, as the server itself says it (MONITOR).</summary>
public sealed partial class RedisOutboxKeysTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    // These have no keys.
    private static readonly string[] Keyless = ["TIME", "PUBLISH", "SCAN"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_script_touches_the_keys_that_it_names_and_all_of_them_are_one_bucket_s()
    {
        await using var server = await RedisServer.StartAsync();
        var store = await RedisOutboxHarness.CreateAsync(server, new RedisOptions { Buckets = 3 });
        var repository = (RedisOutboxRepository)store.Repository;
        var writer = new RedisOutboxWriter(server.Multiplexer, store.Options);
        var lines = new List<string>();
        using var monitor = new TcpClient();
        await monitor.ConnectAsync("127.0.0.1", server.Port, Ct);
        await monitor.GetStream().WriteAsync("MONITOR\r\n"u8.ToArray(), Ct);
        using var reader = new StreamReader(monitor.GetStream(), Encoding.Latin1);
        Assert.Equal("+OK", await reader.ReadLineAsync(Ct));

        for (var i = 0; i < 12; i++)
        {
            await writer.ExecuteWithOutboxAsync(
                new RedisCommands(
                    RedisWrite.Increment($"n:{writer.GetTag($"k{i % 3}")}"), RedisWrite.HashSet($"h:{writer.GetTag($"k{i % 3}")}", "f", i)),
                Sample.Event($"e-{i}") with { OrderingKey = $"k{i % 3}" },
                Ct);
            await writer.EnqueueAsync(Sample.Event($"free-{i}"), Ct);
        }

        var claims = await repository.ClaimAsync(100, Lease, Ct);
        await repository.MarkSentAsync([.. claims.Take(4).Select(Mark)], Ct);
        await repository.RetryAsync(
            [.. claims.Skip(4).Take(4).Select(claim => new RetryMark(claim.EventId, claim.Token, 1, TimeSpan.FromMinutes(1), "a.b", "c"))], Ct);
        await repository.ParkAsync([.. claims.Skip(8).Take(4).Select(claim => new ParkMark(claim.EventId, claim.Token, 1, "a.b", "c"))], Ct);
        await store.ActAsync(RowAction.Skip, claims[8].EventId);
        await store.PassAsync(Lease * 2);
        await repository.FindPendingAsync(10, Ct);
        await repository.ClaimAsync(2, Lease, Ct);
        await repository.ResetStaleAsync(TimeSpan.Zero, null, 100, Ct);
        await repository.ReconcileAsync(TimeSpan.Zero, null, 100, Ct);
        for (string? cursor = null; ;)
        {
            if ((cursor = (await repository.CleanupAsync(TimeSpan.Zero, TimeSpan.Zero, cursor, 10, Ct)).Cursor) is null)
            {
                break;
            }
        }

        await repository.OldestDueAgeAsync(Ct);
        await store.Database.ExecuteAsync("ECHO", "the end");
        while (await reader.ReadLineAsync(Ct) is { } line && !line.Contains("the end", StringComparison.Ordinal))
        {
            lines.Add(line);
        }

        var keys = Array.Empty<string>();
        var commands = 0;
        foreach (var line in lines)
        {
            var words = Words().Matches(line[line.IndexOf(']', StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value).ToArray();
            if (words[0].StartsWith("EVAL", StringComparison.OrdinalIgnoreCase))
            {
                // The harness moves time by a script of its own.
                keys = words[1].Contains("earlier", StringComparison.Ordinal) ? [] : [.. words.Skip(3).Take(int.Parse(words[2], null))];
                Assert.True(keys.Select(Bucket.TagOf).Distinct().Count() <= 1, line);
            }
            else if (line.Contains(" lua]", StringComparison.Ordinal) && keys.Length > 0 && !Keyless.Contains(words[0].ToUpperInvariant()))
            {
                commands++;
                Assert.Contains(words[1], keys);
            }
        }

        Assert.True(commands > 500, "the scripts were watched");

        static OutboxMark Mark(OutboxClaim claim) => new(claim.EventId, claim.Token);
    }

    [GeneratedRegex("\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Words();
}
