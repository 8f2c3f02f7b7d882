using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Lost connections and answers, and records that are not what they should be.</summary>
public sealed class RedisInboxRaceTests(RedisServer server) : RedisInboxThroughProxy(server)
{
    [Theory]
    [InlineData(WireProxy.Moment.NotSent)]
    [InlineData(WireProxy.Moment.Sent)]
    [InlineData(WireProxy.Moment.Answered)]
    public async Task A_claim_whose_answer_is_lost_is_ours_and_counts_once(WireProxy.Moment moment)
    {
        if (moment == WireProxy.Moment.Answered)
        {
            LoseAnswerOnce(Record("e-1"), async () => await Store.Repository.FindAsync("billing", "e-1", Ct) is not null);
        }
        else
        {
            Proxy.CutOnce(Record("e-1"), moment);
        }

        var claim = await ClaimAsync(Repository);
        Assert.Equal((1, 0, 1), (claim.Deliveries, claim.Unfinished, Proxy.Met));
        Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
    }

    [Fact]
    public async Task A_mark_whose_answer_is_lost_held_all_the_same()
    {
        var processed = await ClaimAsync(Repository);
        LoseAnswerOnce(Record("e-1"), () => Store.Repository.IsProcessedAsync("billing", "e-1", Ct));
        Assert.True(await Repository.MarkProcessedAsync(processed, Ct));

        var failed = await ClaimAsync(Repository, "e-2");
        LoseAnswerOnce(Record("e-2"), async () => (await Store.Repository.FindAsync("billing", "e-2", Ct))!.Status == InboxStatus.Failed);
        Assert.True(await Repository.MarkFailedAsync(failed, ErrorCodes.HandlerFailed, "no", Ct));
        Assert.Equal((1, 2), ((await Store.Repository.FindAsync("billing", "e-2", Ct))!.Deliveries, Proxy.Met));
    }

    [Fact]
    public async Task A_start_whose_answer_is_lost_is_counted_once()
    {
        await ClaimAsync(Repository);
        await Store.PassAsync(TimeSpan.FromMinutes(2));
        var claim = await ClaimAsync(Repository);
        LoseAnswerOnce(Record("e-1"), async () => (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Deliveries == 2);
        Assert.True(await Repository.StartAsync(claim, TimeSpan.FromMinutes(1), Ct));
        Assert.Equal((2, 1), ((await Store.Repository.FindAsync("billing", "e-1", Ct))!.Deliveries, Proxy.Met));
    }

    [Fact]
    public async Task A_record_that_is_no_hash_spoils_no_other_claim()
    {
        await Database.StringSetAsync(Store.RecordOf("billing", "e-1"), "not a record");
        var answers = await Repository.ClaimAsync(
            "billing", [Sample.Message("e-0"), Sample.Message("e-1"), Sample.Message("e-2")], TimeSpan.FromMinutes(1), 5, Ct);
        Assert.IsType<InboxClaim.InProgress>(answers[1]);
        Assert.Equal<bool[]>([true, true], [.. await Repository.TryMarkProcessedAsync([.. answers.OfType<InboxClaim.Claimed>()], Ct)]);
        Assert.Equal("not a record", await Database.StringGetAsync(Store.RecordOf("billing", "e-1")));
    }

    [Theory]
    [InlineData("version", "2")]
    [InlineData("version", null)]
    [InlineData("buckets", "2")]
    public async Task Nothing_is_claimed_where_Setup_has_made_something_else(string field, string? value)
    {
        var schema = new Bucket(Store.Keys.Options.KeyPrefix, 0).Schema;
        await (value is null ? Database.KeyDeleteAsync(schema) : Database.HashSetAsync(schema, field, value));
        var error = await Assert.ThrowsAsync<RedisSchemaException>(() => ClaimAsync(Repository));
        Assert.False(Repository.IsOutage(error));
        Assert.Null(await Repository.FindAsync("billing", "e-1", Ct));
    }

    [Fact]
    public async Task Keys_with_the_separators_own_characters_are_records_of_their_own()
    {
        string[][] keys = [["a", "b:c"], ["a:b", "c"], ["a", "b%3Ac"], ["a%", "3Ab:c"], ["é", "\U0001F680 {x}"], ["leases", "x"]];
        foreach (var key in keys)
        {
            var claim = Assert.IsType<InboxClaim.Claimed>(Assert.Single(
                await Repository.ClaimAsync(key[0], [Sample.Message(key[1])], TimeSpan.FromMinutes(1), 5, Ct)));
            Assert.True(await Repository.MarkProcessedAsync(claim, Ct));
        }

        Assert.Equal(keys.Length, (await Repository.GetCountByStatusAsync(Ct))["processed"]);
        await Store.PassAsync(TimeSpan.FromDays(2));
        Assert.Equal(keys.Length, (await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 100, Ct)).Affected);
        Assert.Empty(await Repository.GetCountByStatusAsync(Ct));
    }

    [Fact]
    public async Task What_a_sorted_set_knows_wrongly_is_put_right_and_holds_nothing_up()
    {
        var names = Store.NamesOf("e-1");
        Assert.True(await Repository.MarkProcessedAsync(await ClaimAsync(), Ct));
        await ClaimAsync("e-2");
        foreach (var member in new[] { "billing:e-1", "billing:e-2", "billing:gone" })
        {
            await Database.SortedSetAddAsync(names.Leases, member, 1);
            await Database.SortedSetAddAsync(names.Processed, member, 1);
        }

        Assert.Equal(0, (await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 100, Ct)).Affected);
        Assert.Equal(0, (await Repository.ResetStaleAsync(TimeSpan.Zero, null, 100, Ct)).Affected);
        Assert.Equal<RedisValue[]>(["billing:e-1"], await Database.SortedSetRangeByScoreAsync(names.Processed));
        Assert.Equal<RedisValue[]>(["billing:e-2"], await Database.SortedSetRangeByScoreAsync(names.Leases));
        await Store.PassAsync(TimeSpan.FromDays(2));
        Assert.Equal(1, (await Repository.CleanupAsync(TimeSpan.FromDays(1), TimeSpan.FromDays(1), null, 100, Ct)).Affected);
        Assert.Equal(1, (await Repository.ResetStaleAsync(TimeSpan.Zero, null, 100, Ct)).Affected);
    }
}
