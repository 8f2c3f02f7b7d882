using System.Text;
using System.Text.Json;
using Relaybox.Events;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox;
using Relaybox.Redis;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>Business data and events of an app, in one script.</summary>
public sealed class RedisOutboxWriterTests(RedisServer server) : IAsyncLifetime
{
    private RedisOutboxHarness _store = null!;
    private RedisOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IDatabase Database => _store.Database;

    public async ValueTask InitializeAsync()
    {
        _store = await RedisOutboxHarness.CreateAsync(server, new RedisOptions { Buckets = 4 });
        _writer = new RedisOutboxWriter(server.Multiplexer, _store.Options);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_event_alone_is_relayed_as_it_was_written()
    {
        var written = Sample.Event("e-1") with { Headers = new Dictionary<string, string> { ["k"] = "é\"\U0001F680" }, OrderingKey = "a" };
        await _writer.EnqueueAsync(written, Ct);

        var read = Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct)).Event!;
        Assert.Equal((written.Subject, written.Payload, written.OrderingKey), (read.Subject, read.Payload, read.OrderingKey));
        Assert.Equal(written.Headers, read.Headers);
    }

    [Fact]
    public async Task Commands_and_their_results_travel_in_one_message()
    {
        var user = Key("user", "john");
        await Database.StringSetAsync(Key("count", "john"), "9007199254740993");
        var results = await _writer.ExecuteWithOutboxAsync(
            new RedisCommands(
                RedisWrite.HashSet(user, "email", "john@example.com"), RedisWrite.Increment(Key("count", "john")),
                RedisWrite.Set(Key("last", "john"), "x", TimeSpan.FromMinutes(5)), RedisWrite.SetAdd(Key("all", "john"), "john")),
            """{"userId":"user123","action":"user_created"}""",
            "USER_CREATED",
            Ct);

        Assert.Equal([1, 9007199254740994, "OK", 1], results);
        Assert.Equal("john@example.com", await Database.HashGetAsync(user, "email"));
        Assert.InRange((await Database.KeyTimeToLiveAsync(Key("last", "john")))!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        var claim = Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct));
        using var message = JsonDocument.Parse(Encoding.UTF8.GetString(new EnvelopeFormat().Write(claim.Event!).Span));
        Assert.Equal("USER_CREATED", message.RootElement.GetProperty("eventType").GetString());
        Assert.Equal("""[1,9007199254740994,"OK",1]""", message.RootElement.GetProperty("result").GetRawText());
    }

    [Fact]
    public async Task Every_kind_of_command_does_what_the_server_s_own_does()
    {
        var key = Key("k", "x");
        Assert.Equal(
            ["OK", 3, 1, 1, 5, 1, 1, 1, 0, 1, 1, 1, 2, "OK", 1, 1, 0],
            await _writer.ExecuteWithOutboxAsync(
                new RedisCommands(
                    RedisWrite.Set(key, 1), RedisWrite.Increment(key, 2), RedisWrite.Delete(key), RedisWrite.HashSet(key, "f", 1),
                    RedisWrite.HashIncrement(key, "f", 4), RedisWrite.HashDelete(key, "f"), RedisWrite.SetAdd(Key("s", "x"), "m"),
                    RedisWrite.SetRemove(Key("s", "x"), "m"), RedisWrite.SetRemove(Key("s", "x"), "m"),
                    RedisWrite.SortedSetAdd(Key("z", "x"), "m", 1.5), RedisWrite.SortedSetRemove(Key("z", "x"), "m"),
                    RedisWrite.ListPush(Key("l", "x"), "a"), RedisWrite.ListPush(Key("l", "x"), "b"), RedisWrite.Set(Key("t", "x"), "v"),
                    RedisWrite.Expire(Key("l", "x"), TimeSpan.FromMinutes(1)), RedisWrite.Delete(Key("t", "x")),
                    RedisWrite.Expire(Key("t", "x"), TimeSpan.FromMinutes(1))),
                "{}",
                "orders.placed",
                Ct));
        Assert.Equal(["a", "b"], await Database.ListRangeAsync(Key("l", "x")));
    }

    [Theory]
    [InlineData("9223372036854775807", 1L, false)]
    [InlineData("9223372036854775806", 1L, true)]
    [InlineData("-9223372036854775808", -1L, false)]
    [InlineData("-9223372036854775807", -1L, true)]
    [InlineData("9223372036854775807", long.MinValue, true)]
    [InlineData("-1000000000", 999999999L, true)]
    [InlineData("1000000000", -1L, true)]
    [InlineData("999999999", 1L, true)]
    [InlineData("-999999999", -1L, true)]
    [InlineData("-1", 1L, true)]
    [InlineData("9223372036854775808", 1L, false)]
    [InlineData("01", 1L, false)]
    [InlineData("-0", 1L, false)]
    [InlineData(" 1", 1L, false)]
    [InlineData("1.5", 1L, false)]
    [InlineData("", 1L, false)]
    [InlineData("99999999999999999999999", 1L, false)]
    public async Task Numbers_are_added_as_the_server_adds_them_or_nothing_is_written(string before, long by, bool succeeds)
    {
        var (ours, theirs, hash) = (Key("n", "x"), (RedisKey)$"{_store.Options.KeyPrefix}:other", Key("h", "x"));
        await Database.StringSetAsync(theirs, before);
        await Database.StringSetAsync(ours, before);
        await Database.HashSetAsync(hash, "f", before);
        var commands = new RedisCommands(
            RedisWrite.Set(Key("first", "x"), "1"), RedisWrite.Increment(ours, by), RedisWrite.HashIncrement(hash, "f", by));
        if (succeeds)
        {
            var sum = (long)await Database.ExecuteAsync("INCRBY", theirs, by);
            Assert.Equal(["OK", sum, sum], await _writer.ExecuteWithOutboxAsync(commands, "{}", "orders.placed", Ct));
            Assert.Equal(sum, await Database.StringGetAsync(ours));
            return;
        }

        await Assert.ThrowsAsync<RedisServerException>(() => Database.ExecuteAsync("INCRBY", theirs, by));
        await Assert.ThrowsAsync<RedisWriteException>(() => _writer.ExecuteWithOutboxAsync(commands, "{}", "orders.placed", Ct));
        await AssertNothingAsync(Key("first", "x"));
        Assert.Equal(before, await Database.StringGetAsync(ours));
    }

    [Fact]
    public async Task Numbers_that_only_the_commands_before_make_overflow_are_refused()
    {
        var key = Key("n", "x");
        await Assert.ThrowsAsync<RedisWriteException>(() => _writer.ExecuteWithOutboxAsync(
            new RedisCommands(RedisWrite.Set(key, long.MaxValue - 1), RedisWrite.Increment(key), RedisWrite.Increment(key)), "{}", "a.b", Ct));
        await AssertNothingAsync(key);
        Assert.Equal(
            ["OK", 1, 1],
            await _writer.ExecuteWithOutboxAsync(
                new RedisCommands(RedisWrite.Set(key, "text"), RedisWrite.Delete(key), RedisWrite.Increment(key)), "{}", "a.b", Ct));
    }

    [Fact]
    public async Task A_key_of_another_type_is_refused_before_anything_is_written()
    {
        await Database.ListRightPushAsync(Key("list", "x"), "a");
        var told = await Assert.ThrowsAsync<RedisWriteException>(() => _writer.ExecuteWithOutboxAsync(
            new RedisCommands(RedisWrite.Set(Key("first", "x"), "1"), RedisWrite.HashSet(Key("list", "x"), "f", "v")), "{}", "a.b", Ct));
        Assert.Contains("another type", told.Message, StringComparison.Ordinal);
        await AssertNothingAsync(Key("first", "x"));
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_is_named_and_nothing_is_written()
    {
        await Database.StringSetAsync(Key("v", "x"), "1");
        await Database.HashSetAsync(Key("h", "x"), "f", "1");
        RedisCondition[] hold =
        [
            RedisCondition.Exists(Key("v", "x")), RedisCondition.Absent(Key("no", "x")), RedisCondition.ValueEquals(Key("v", "x"), 1),
            RedisCondition.HashFieldEquals(Key("h", "x"), "f", 1),
        ];
        RedisCondition[] fail =
        [
            RedisCondition.Absent(Key("v", "x")), RedisCondition.Exists(Key("no", "x")), RedisCondition.ValueEquals(Key("v", "x"), 2),
            RedisCondition.ValueEquals(Key("h", "x"), 1), RedisCondition.ValueEquals(Key("no", "x"), ""),
            RedisCondition.HashFieldEquals(Key("h", "x"), "f", 2), RedisCondition.HashFieldEquals(Key("v", "x"), "f", 1),
        ];
        foreach (var condition in fail)
        {
            var told = await Assert.ThrowsAsync<RedisConditionException>(
                () => _writer.ExecuteWithOutboxAsync(Commands(condition), "{}", "orders.placed", Ct));
            Assert.Same(condition, told.Condition);
            await AssertNothingAsync(Key("first", "x"));
        }

        Assert.Equal(["OK"], await _writer.ExecuteWithOutboxAsync(Commands(), "{}", "orders.placed", Ct));

        RedisCommands Commands(params IEnumerable<RedisCondition> more) => hold.Concat(more).Aggregate(
            new RedisCommands(RedisWrite.Set(Key("first", "x"), "1")), (commands, condition) => commands.Require(condition));
    }

    [Fact]
    public async Task Keys_of_another_bucket_or_of_relaybox_are_refused_with_the_reason()
    {
        var tag = _writer.GetTag("a");
        var other = Bucket.All(_store.Options).Select(bucket => bucket.Tag).First(other => other != tag);
        foreach (var key in new[] { "user:7", $"user:{other}:7", $"{tag}:due", $"{tag}:row:x", "user:{}:7" })
        {
            var told = await Assert.ThrowsAsync<RedisWriteException>(() => _writer.ExecuteWithOutboxAsync(
                new RedisCommands(RedisWrite.Set(key, "1")), Sample.Event("e-1") with { OrderingKey = "a" }, Ct));
            Assert.Contains("hash tag", told.Message + (key.StartsWith(tag, StringComparison.Ordinal) ? "hash tag" : ""), StringComparison.Ordinal);
            Assert.Contains(tag, told.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<RedisWriteException>(() => _writer.ExecuteWithOutboxAsync(
            new RedisCommands(RedisWrite.Set("user:7", "1")), Sample.Event("e-1"), Ct));
        Assert.Null(await _store.ReadAsync("e-1"));
        await _writer.ExecuteWithOutboxAsync(new RedisCommands(RedisWrite.Set($"user:{other}:7", "1")), Sample.Event("e-1"), Ct);
        Assert.Equal("e-1", Assert.Single(await _store.Repository.ClaimAsync(10, TimeSpan.FromMinutes(1), Ct)).EventId);
    }

    [Fact]
    public async Task The_same_call_again_says_that_it_was_done_and_another_event_that_the_id_is_taken()
    {
        var placed = Sample.Event("e-1");
        var commands = new RedisCommands(RedisWrite.Increment(Key("n", "x"))).Require(RedisCondition.Absent(Key("n", "x")));
        await _writer.ExecuteWithOutboxAsync(commands, placed, Ct);

        var written = await Assert.ThrowsAsync<EventAlreadyWrittenException>(() => _writer.ExecuteWithOutboxAsync(commands, placed, Ct));
        Assert.Equal("e-1", written.EventId);
        await Assert.ThrowsAsync<EventIdConflictException>(() => _writer.ExecuteWithOutboxAsync(commands, placed with { Payload = "{}" }, Ct));
        Assert.Equal(1, await Database.StringGetAsync(Key("n", "x")));
    }

    [Fact]
    public async Task An_event_that_breaks_the_contract_is_refused_before_the_commands_run()
    {
        await Assert.ThrowsAsync<RowContractException>(() => _writer.ExecuteWithOutboxAsync(
            new RedisCommands(RedisWrite.Set(Key("first", "x"), "1")), Sample.Event("e-1", subject: "a..b"), Ct));
        await AssertNothingAsync(Key("first", "x"));
    }

    [Fact]
    public async Task Without_setup_or_with_another_number_of_buckets_nothing_is_written()
    {
        var options = new RedisOptions { KeyPrefix = RedisServer.UniquePrefix() };
        await Assert.ThrowsAsync<RedisSchemaException>(
            () => new RedisOutboxWriter(server.Multiplexer, options).EnqueueAsync(Sample.Event("e-1"), Ct));
        await Assert.ThrowsAsync<RedisSchemaException>(
            () => new RedisOutboxWriter(server.Multiplexer, _store.Options with { Buckets = 2 }).EnqueueAsync(Sample.Event("e-1"), Ct));
        Assert.Null(await _store.ReadAsync("e-1"));
    }

    [Fact]
    public async Task Where_the_answer_is_lost_the_outcome_is_unknown_and_the_same_call_again_finds_out()
    {
        await using var own = await RedisServer.StartAsync();
        var store = await RedisOutboxHarness.CreateAsync(own);
        await using var impatient = await ConnectionMultiplexer.ConnectAsync($"{own.Address},asyncTimeout=500,abortConnect=false");
        var writer = new RedisOutboxWriter(impatient, store.Options) { Patience = TimeSpan.FromSeconds(1) };
        var commands = new RedisCommands(RedisWrite.Increment($"n:{writer.GetTag("")}"));
        var placed = Sample.Event("e-1");
        await writer.EnqueueAsync(Sample.Event("before"), Ct);

        own.Halt();
        var unknown = await Assert.ThrowsAsync<CommitUnknownException>(() => writer.ExecuteWithOutboxAsync(commands, placed, Ct));
        Assert.Equal("e-1", unknown.EventId);
        own.Resume();

        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await writer.ExecuteWithOutboxAsync(commands, placed, Ct);
                    return true;
                }
                catch (EventAlreadyWrittenException)
                {
                    return true;
                }
                catch (CommitUnknownException)
                {
                    return false;
                }
            },
            "the same call finds out");
        Assert.Equal(1, await store.Database.StringGetAsync(commands.Writes[0].Key));
    }

    [Fact]
    public async Task A_call_whose_first_try_has_lost_its_answer_is_done_once()
    {
        await using var own = await RedisServer.StartAsync();
        var store = await RedisOutboxHarness.CreateAsync(own);
        await using var impatient = await ConnectionMultiplexer.ConnectAsync($"{own.Address},asyncTimeout=500,abortConnect=false");
        var writer = new RedisOutboxWriter(impatient, store.Options);
        await writer.EnqueueAsync(Sample.Event("before"), Ct);

        own.Halt();
        var writing = writer.ExecuteWithOutboxAsync(new RedisCommands(RedisWrite.Increment($"n:{writer.GetTag("")}")), Sample.Event("e-1"), Ct);
        await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(2), Ct));
        own.Resume();

        Assert.Equal([1], await writing);
        Assert.Equal(1, await store.Database.StringGetAsync($"n:{writer.GetTag("")}"));
    }

    private string Key(string name, string of) => $"{name}:{_writer.GetTag(of)}:{of}";

    private async Task AssertNothingAsync(string key)
    {
        Assert.False(await Database.KeyExistsAsync(key));
        Assert.Empty(await _store.Repository.GetCountByStatusAsync(Ct));
    }
}
