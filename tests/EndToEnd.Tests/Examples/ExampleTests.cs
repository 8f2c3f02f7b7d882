namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>What examples/ shows is done, in every language, and the handler sees it.</summary>
public sealed class ExampleTests(ExampleStacks stacks) : IClassFixture<ExampleStacks>
{
    public static TheoryData<string, string> Writers { get; } = new()
    {
        { ExamplePrograms.NodeDynamoDb, "dynamodb" },
        { ExamplePrograms.PythonDynamoDb, "dynamodb" },
        { ExamplePrograms.HttpDynamoDb, "dynamodb" },
        { ExamplePrograms.CSharp, "dynamodb" },
        { ExamplePrograms.Sql, "postgres" },
        { ExamplePrograms.NodePostgres, "postgres" },
        { ExamplePrograms.PythonPostgres, "postgres" },
        { ExamplePrograms.CSharp, "postgres" },
        { ExamplePrograms.SqlMySql, "mysql" },
        { ExamplePrograms.NodeMySql, "mysql" },
        { ExamplePrograms.PythonMySql, "mysql" },
        { ExamplePrograms.CSharp, "mysql" },
        { ExamplePrograms.NodeRedis, "redis" },
        { ExamplePrograms.PythonRedis, "redis" },
        { ExamplePrograms.CSharp, "redis" },
        { ExamplePrograms.NodeMongoDb, "mongodb" },
        { ExamplePrograms.PythonMongoDb, "mongodb" },
        { ExamplePrograms.CSharp, "mongodb" },
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Writers))]
    public async Task An_order_and_its_event_are_written_and_the_handler_is_applied_once(string example, string store)
    {
        var stack = await StackAsync(store);
        var program = await ExamplePrograms.GetAsync(example, Ct);

        var eventId = Assert.Single((await program.RunAsync(stack.Environment, Ct)).Printed);

        var effect = await stack.EffectAsync(eventId);
        Assert.Equal(1, effect.Applied);
        Assert.True(await stack.HasOrderAsync(effect.OrderId), "The order is in the app's table.");
    }

    [Theory]
    [MemberData(nameof(Writers))]
    public async Task An_order_whose_event_cannot_be_written_is_not_written_either(string example, string store)
    {
        var stack = await StackAsync(store);
        var program = await ExamplePrograms.GetAsync(example, Ct);
        var eventId = $"{example} event";
        Assert.Equal([eventId], (await program.For($"{example} first", eventId).RunAsync(stack.Environment, Ct)).Printed);
        var events = await stack.CountEventsAsync();

        var again = await program.For($"{example} second", eventId).RunAsync(stack.Environment, Ct);
        Assert.NotEqual(0, again.ExitCode);
        Assert.Empty(again.Lines);
        Assert.True(await stack.HasOrderAsync($"{example} first"));
        Assert.False(await stack.HasOrderAsync($"{example} second"), "The transaction was rolled back.");

        // The other way round: without its order there is no event.
        Assert.NotEqual(0, (await program.For($"{example} first", $"{example} other event").RunAsync(stack.Environment, Ct)).ExitCode);
        Assert.Equal(events, await stack.CountEventsAsync());

        var effect = await stack.EffectAsync(eventId);
        Assert.Equal((1, $"{example} first"), (effect.Applied, effect.OrderId));
    }

    [Fact]
    public async Task A_keyed_and_a_delayed_event_are_written_in_plain_SQL_and_the_delayed_one_is_handled_after_its_time()
    {
        var stack = (PostgresExampleStack)await stacks.Postgres;

        var ids = (await ExamplePrograms.Psql("keyed-and-delayed.sql").RunAsync(stack.Environment, Ct)).Printed;

        Assert.Equal(3, ids.Length);
        foreach (var id in ids)
        {
            Assert.Equal(1, (await stack.EffectAsync(id)).Applied);
        }

        var first = await stack.SentRowAsync(ids[0]);
        var second = await stack.SentRowAsync(ids[1]);
        Assert.Equal("customer-Grace", first.OrderingKey);
        Assert.Equal(first.OrderingKey, second.OrderingKey);
        Assert.True(first.RowId < second.RowId, "The events of a key are numbered as they were written.");

        var later = await stack.SentRowAsync(ids[2]);
        Assert.Contains("\"tenant\"", later.Headers, StringComparison.Ordinal);
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(3)), (first.Delay, later.Delay));
        Assert.True((await stack.EffectAsync(ids[2])).AppliedAt >= later.AvailableAt, "It was not handled before its time.");
    }

    [Fact]
    public async Task Keyed_events_and_a_delayed_one_are_written_to_MySQL_and_the_delayed_one_is_handled_after_its_time()
    {
        var stack = (MySqlExampleStack)await stacks.MySql;
        var program = await ExamplePrograms.NodeAsync(ExamplePrograms.NodeMySql, "keyed-and-delayed.mjs", Ct);

        var ids = (await program.RunAsync(stack.Environment, Ct)).Printed;

        Assert.Equal(4, ids.Length);
        foreach (var id in ids)
        {
            Assert.Equal(1, (await stack.EffectAsync(id)).Applied);
        }

        var (first, second, other) = (await stack.SentRowAsync(ids[0]), await stack.SentRowAsync(ids[1]), await stack.SentRowAsync(ids[2]));
        Assert.Equal(("customer-Grace", "customer-Grace", "customer-Edsger"), (first.OrderingKey, second.OrderingKey, other.OrderingKey));
        Assert.True(first.Number < second.Number, "The events of a key are numbered as they were written.");
        Assert.NotNull(other.Number);

        var later = await stack.SentRowAsync(ids[3]);
        Assert.Contains("\"tenant\"", later.Headers, StringComparison.Ordinal);
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(3)), (first.Delay, later.Delay));
        Assert.True((await stack.EffectAsync(ids[3])).AppliedAt >= later.AvailableAt, "It was not handled before its time.");
    }

    [Fact]
    public async Task Keyed_events_and_a_delayed_one_are_written_to_Redis_and_the_delayed_one_is_handled_after_its_time()
    {
        var stack = (RedisExampleStack)await stacks.Redis;
        var program = await ExamplePrograms.NodeAsync(ExamplePrograms.NodeRedis, "keyed-and-delayed.mjs", Ct);

        var ids = (await program.RunAsync(stack.Environment, Ct)).Printed;

        Assert.Equal(4, ids.Length);
        foreach (var id in ids)
        {
            Assert.Equal(1, (await stack.EffectAsync(id)).Applied);
        }

        var (first, second, other) = (await stack.SentRowAsync(ids[0]), await stack.SentRowAsync(ids[1]), await stack.SentRowAsync(ids[2]));
        Assert.Equal(("customer-Grace", "customer-Grace", "customer-Edsger"), (first.OrderingKey, second.OrderingKey, other.OrderingKey));
        Assert.True(first.Number < second.Number, "The events of a key are numbered as they were written.");

        var later = await stack.SentRowAsync(ids[3]);
        Assert.Contains("\"tenant\"", later.Headers, StringComparison.Ordinal);
        Assert.True((await stack.EffectAsync(ids[3])).AppliedAt >= later.AvailableAt, "It was not handled before its time.");
    }

    [Fact]
    public async Task A_keyed_and_a_delayed_event_are_written_to_MongoDB_and_the_delayed_one_is_handled_after_its_time()
    {
        var stack = (MongoDbExampleStack)await stacks.MongoDb;
        var program = await ExamplePrograms.NodeAsync(ExamplePrograms.NodeMongoDb, "keyed-and-delayed.mjs", Ct);

        var ids = (await program.RunAsync(stack.Environment, Ct)).Printed;
        var more = (await program.RunAsync(stack.Environment, Ct)).Printed;

        Assert.Equal((3, 3), (ids.Length, more.Length));
        foreach (var id in ids.Concat(more))
        {
            Assert.Equal(1, (await stack.EffectAsync(id)).Applied);
        }

        var keyed = await Task.WhenAll(new[] { ids[0], ids[1], more[0], more[1] }.Select(stack.RowAsync));
        Assert.All(keyed, row => Assert.Equal("customer-Grace", row["orderingKey"].AsString));
        Assert.Equal([1L, 2, 3, 4], keyed.Select(row => row["orderNumber"].AsInt64));

        var later = await stack.RowAsync(ids[2]);
        Assert.Equal("north", later["headers"]["tenant"].AsString);
        Assert.True(
            (await stack.EffectAsync(ids[2])).AppliedAt.UtcDateTime >= later["availableAt"].ToUniversalTime(), "It was not handled before its time.");
    }

    private Task<ExampleStack> StackAsync(string store) => store switch
    {
        "dynamodb" => stacks.DynamoDb,
        "postgres" => stacks.Postgres,
        "mysql" => stacks.MySql,
        "redis" => stacks.Redis,
        "mongodb" => stacks.MongoDb,
        _ => throw new ArgumentException($"There is no stack of {store}."),
    };
}
