using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What is particular about a handler's transaction in Redis: one script of typed writes, which checks everything first.</summary>
public sealed class RedisInboxTransactionTests(RedisServer server) : RedisInboxTest(server)
{
    protected override int Buckets => 4;

    [Fact]
    public async Task Every_kind_of_write_is_executed_with_the_mark_in_its_order()
    {
        await Database.StringSetAsync(Key("gone"), "x");
        await Database.HashSetAsync(Key("hash"), "gone", "x");
        await Database.SetAddAsync(Key("set"), "gone");
        await Database.SortedSetAddAsync(Key("sorted"), "gone", 1);
        var claim = await ClaimAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            foreach (var write in new[]
            {
                RedisWrite.Set(Key("text"), "5"), RedisWrite.Increment(Key("text"), 10), RedisWrite.Delete(Key("gone")),
                RedisWrite.HashSet(Key("hash"), "a", "1"), RedisWrite.HashIncrement(Key("hash"), "a", -3), RedisWrite.HashDelete(Key("hash"), "gone"),
                RedisWrite.SetAdd(Key("set"), "a"), RedisWrite.SetRemove(Key("set"), "gone"),
                RedisWrite.SortedSetAdd(Key("sorted"), "a", 2.5), RedisWrite.SortedSetRemove(Key("sorted"), "gone"),
                RedisWrite.ListPush(Key("list"), "a"), RedisWrite.ListPush(Key("list"), "b"), RedisWrite.Expire(Key("list"), TimeSpan.FromHours(1)),
            })
            {
                transaction.Enlist(write);
            }

            Assert.False(await Database.KeyExistsAsync(Key("text")));
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal("15", await Database.StringGetAsync(Key("text")));
        Assert.False(await Database.KeyExistsAsync(Key("gone")));
        Assert.Equal([new("a", "-2")], await Database.HashGetAllAsync(Key("hash")));
        Assert.Equal(["a"], await Database.SetMembersAsync(Key("set")));
        Assert.Equal([new("a", 2.5)], await Database.SortedSetRangeByRankWithScoresAsync(Key("sorted")));
        Assert.Equal(["a", "b"], await Database.ListRangeAsync(Key("list")));
        Assert.NotNull(await Database.KeyTimeToLiveAsync(Key("list")));
        Assert.True(await Store.Repository.IsProcessedAsync("billing", "e-1", Ct));
    }

    [Theory]
    [InlineData("exists", true)]
    [InlineData("exists", false)]
    [InlineData("absent", true)]
    [InlineData("absent", false)]
    [InlineData("equals", true)]
    [InlineData("equals", false)]
    [InlineData("hash-equals", true)]
    [InlineData("hash-equals", false)]
    public async Task A_condition_decides_about_everything(string condition, bool holds)
    {
        await Database.StringSetAsync(Key("there"), "1");
        await Database.HashSetAsync(Key("hash"), "field", "1");
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            Store.EnlistEffect(transaction, "a");
            transaction.Require(condition switch
            {
                "exists" => RedisCondition.Exists(Key(holds ? "there" : "nowhere")),
                "absent" => RedisCondition.Absent(Key(holds ? "nowhere" : "there")),
                "equals" => RedisCondition.ValueEquals(Key(holds ? "there" : "hash"), "1"),
                _ => RedisCondition.HashFieldEquals(Key("hash"), holds ? "field" : "other", "1"),
            });
            Assert.Equal(holds ? CommitOutcome.Committed : CommitOutcome.EnlistedConditionFailed, await transaction.CommitAsync(Ct));
            Assert.Equal(holds ? null : condition, transaction.ErrorName);
        }

        Assert.Equal(holds ? 1 : 0, await Store.EffectsAsync("a"));
        Assert.Equal(holds, await Store.Repository.IsProcessedAsync("billing", "e-1", Ct));
    }

    // Redis rolls nothing back: what cannot be executed has to be found before the first write, that of the mark among them.
    [Theory]
    [InlineData("list-push", "wrong-type")]
    [InlineData("hash-set", "wrong-type")]
    [InlineData("set-add", "wrong-type")]
    [InlineData("sorted-set-remove", "wrong-type")]
    [InlineData("increment of a hash", "wrong-type")]
    [InlineData("increment", "not-an-integer")]
    [InlineData("hash-increment", "not-an-integer")]
    [InlineData("increment too far", "overflow")]
    [InlineData("hash-increment too far", "overflow")]
    [InlineData("increment of what was set", "not-an-integer")]
    [InlineData("push of what was set", "wrong-type")]
    public async Task What_cannot_be_executed_is_named_and_nothing_at_all_is_written(string how, string reason)
    {
        await Database.StringSetAsync(Key("text"), "no number");
        await Database.StringSetAsync(Key("large"), long.MaxValue);
        await Database.HashSetAsync(Key("hash"), [new("text", "1.5"), new("large", long.MinValue)]);
        var before = await AllKeysAsync();
        var claim = await ClaimAsync();
        var claimed = await AllKeysAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            transaction.Enlist(RedisWrite.Set(Key("set before"), 1));
            transaction.Enlist(how switch
            {
                "list-push" => RedisWrite.ListPush(Key("text"), 1),
                "hash-set" => RedisWrite.HashSet(Key("text"), "a", 1),
                "set-add" => RedisWrite.SetAdd(Key("text"), "a"),
                "sorted-set-remove" => RedisWrite.SortedSetRemove(Key("text"), "a"),
                "increment of a hash" => RedisWrite.Increment(Key("hash")),
                "increment" => RedisWrite.Increment(Key("text")),
                "hash-increment" => RedisWrite.HashIncrement(Key("hash"), "text"),
                "increment too far" => RedisWrite.Increment(Key("large")),
                "hash-increment too far" => RedisWrite.HashIncrement(Key("hash"), "large", -1),
                "increment of what was set" => RedisWrite.HashSet(Key("new"), "a", "x"),
                _ => RedisWrite.SetAdd(Key("new"), "a"),
            });
            if (how == "increment of what was set")
            {
                transaction.Enlist(RedisWrite.HashIncrement(Key("new"), "a"));
            }
            else if (how == "push of what was set")
            {
                transaction.Enlist(RedisWrite.ListPush(Key("new"), "a"));
            }

            transaction.Enlist(RedisWrite.Set(Key("set after"), 1));
            Assert.Equal((CommitOutcome.EnlistedConditionFailed, reason), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        }

        Assert.Equal(claimed, await AllKeysAsync());
        Assert.Equal("no number", await Database.StringGetAsync(Key("text")));
        Assert.NotEqual(before, claimed);
        Assert.True(await Store.Repository.MarkFailedAsync(claim, ErrorCodes.EnlistedConditionFailed, "no", Ct));
    }

    [Theory]
    [InlineData("user:7", "does not have the hash tag {0}")]
    [InlineData("user:{{other}}:7", "does not have the hash tag {0}")]
    [InlineData("user:{1}:7", "does not have the hash tag {0}")]
    [InlineData("{0}:outbox", "begins with {0}")]
    public async Task A_key_that_is_not_the_handlers_to_write_is_refused_at_once_with_the_reason(string form, string reason)
    {
        var key = string.Format(form, Tag, OtherTag);
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var error = Assert.Throws<ArgumentException>(() => transaction.Enlist(RedisWrite.Set(key, 1)));
        Assert.Contains(string.Format(reason, Tag), error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => transaction.Require(RedisCondition.Exists(key)));
        Assert.Contains(string.Format(reason, Tag), error.Message, StringComparison.Ordinal);
        Assert.True(transaction.TryCloseEmpty());
    }

    [Fact]
    public async Task The_hash_tag_is_that_of_the_ordering_key_or_of_the_event()
    {
        await using var unkeyed = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        Assert.Equal(Tag, unkeyed.GetRedisTag());
        foreach (var key in new[] { "k-1", "k-2", "k-3", "k-4" })
        {
            var claim = Assert.IsType<InboxClaim.Claimed>(Assert.Single(await Store.Repository.ClaimAsync(
                "billing", [Sample.Message(Sample.Event("e-" + key) with { OrderingKey = key })], TimeSpan.FromMinutes(1), 5, Ct)));
            await using var transaction = await Store.Repository.BeginAsync(claim, Ct);
            Assert.Equal(Store.Keys.TagOf(key), transaction.GetRedisTag());
            Store.EnlistEffect(transaction, key);
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
            Assert.Equal(1, await Store.EffectsAsync(key));
            Assert.True(await Store.Repository.IsProcessedAsync("billing", "e-" + key, Ct));
        }
    }

    [Fact]
    public async Task More_writes_than_one_script_should_execute_are_refused()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        for (var i = 0; i < RedisCommands.MaxCommands; i++)
        {
            Store.EnlistEffect(transaction, "a");
        }

        Assert.Throws<InvalidOperationException>(() => Store.EnlistEffect(transaction, "a"));
        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        Assert.Equal(RedisCommands.MaxCommands, await Store.EffectsAsync("a"));
    }

    [Fact]
    public async Task An_emitted_event_whose_ordering_key_is_in_another_bucket_is_refused_at_once_with_the_reason()
    {
        await using var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        var other = Enumerable.Range(0, 100).Select(i => $"k-{i}").First(key => Store.Keys.TagOf(key) == OtherTag);
        var error = Assert.Throws<InvalidOperationException>(() => transaction.Emit(Sample.Event() with { OrderingKey = other }));
        Assert.Contains(OtherTag, error.Message, StringComparison.Ordinal);
        Assert.Contains(Tag, error.Message, StringComparison.Ordinal);
        Assert.True(transaction.TryCloseEmpty());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_emitted_event_whose_id_is_taken_is_named_and_nothing_at_all_is_written(bool twice)
    {
        if (!twice)
        {
            await using var before = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
            before.Emit(Sample.Event("taken"));
            Assert.Equal(CommitOutcome.Committed, await before.CommitAsync(Ct));
        }

        // Of the same bucket: in another one the id is another row's.
        var id = Enumerable.Range(2, 100).Select(i => $"e-{i}").First(id => Store.Keys.TagOf(id) == Tag);
        var claim = await ClaimAsync(id);
        var claimed = await AllKeysAsync();
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            Store.EnlistEffect(transaction, "a");
            transaction.Emit(Sample.Event("new"));
            transaction.Emit(Sample.Event("taken"));
            if (twice)
            {
                transaction.Emit(Sample.Event("taken"));
            }

            Assert.Equal((CommitOutcome.EnlistedConditionFailed, "event-id-taken"), (await transaction.CommitAsync(Ct), transaction.ErrorName));
        }

        Assert.Equal(claimed, await AllKeysAsync());
    }

    [Fact]
    public async Task Emitted_events_of_several_keys_of_the_bucket_keep_the_order_of_each()
    {
        string[] keys = [.. Enumerable.Range(0, 100).Select(i => $"k-{i}").Where(key => Store.Keys.TagOf(key) == Tag).Take(2)];
        await using (var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct))
        {
            foreach (var (id, key) in new[] { ("z", 1), ("y", 0), ("x", 1), ("w", 0) })
            {
                transaction.Emit(Sample.Event(id) with { OrderingKey = keys[key] });
            }

            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        var claims = await Store.Outbox.ClaimAsync(new ClaimLimit(10, 1_000_000), TimeSpan.FromMinutes(1), Ct);
        var order = claims.Select(claim => (claim.Event!.OrderingKey, claim.Event.EventId)).ToList();
        Assert.Equal([(keys[0], "y"), (keys[0], "w")], order.Where(row => row.OrderingKey == keys[0]));
        Assert.Equal([(keys[1], "z"), (keys[1], "x")], order.Where(row => row.OrderingKey == keys[1]));
    }

    [Fact]
    public async Task An_event_is_not_emitted_where_Setup_has_made_something_else()
    {
        var claim = await ClaimAsync();
        await Database.HashSetAsync(new Bucket(Store.Keys.Options.KeyPrefix, Bucket.Of(Store.Keys.Options, "e-1").Number).Schema, "buckets", 5);
        var claimed = await AllKeysAsync();
        await using var transaction = await Store.Repository.BeginAsync(claim, Ct);
        Store.EnlistEffect(transaction, "a");
        transaction.Emit(Sample.Event());
        var error = await Assert.ThrowsAsync<RedisSchemaException>(() => transaction.CommitAsync(Ct));
        Assert.False(Store.Repository.IsOutage(error));
        Assert.Equal(claimed, await AllKeysAsync());
    }

    [Fact]
    public async Task What_comes_after_the_handlers_time_is_over_is_refused()
    {
        var transaction = await Store.Repository.BeginAsync(await ClaimAsync(), Ct);
        await transaction.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => transaction.Emit(Sample.Event()));
        Assert.Throws<ObjectDisposedException>(() => Store.EnlistEffect(transaction, "a"));
        Assert.Throws<ObjectDisposedException>(() => transaction.Require(RedisCondition.Exists(Key("a"))));
    }

    [Fact]
    public void A_transaction_of_another_store_is_refused_with_the_reason()
    {
        var other = new FakeTransaction();
        foreach (var error in new[]
        {
            Assert.Throws<InvalidOperationException>(() => other.Enlist(RedisWrite.Delete("a"))),
            Assert.Throws<InvalidOperationException>(() => other.Require(RedisCondition.Exists("a"))),
            Assert.Throws<InvalidOperationException>(() => other.GetRedisTag()),
        })
        {
            Assert.Contains("STORE=redis", error.Message, StringComparison.Ordinal);
        }
    }

    private string OtherTag => Bucket.All(Store.Keys.Options).Select(bucket => bucket.Tag).First(tag => tag != Tag);

    // Each key of the test with what it holds.
    private async Task<IReadOnlyDictionary<string, string>> AllKeysAsync()
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var server = Server.Multiplexer.GetServers()[0];
        await foreach (var key in server.KeysAsync(pattern: $"*{{{Store.Keys.Options.KeyPrefix}:*", pageSize: 1000))
        {
            all[key!] = Convert.ToBase64String((await Database.KeyDumpAsync(key))!);
        }

        return all;
    }

    private sealed class FakeTransaction : IMessageTransaction
    {
        public void Emit(OutboxEvent outboxEvent)
        {
        }
    }
}
