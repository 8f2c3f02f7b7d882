using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Testing;
using StackExchange.Redis;

namespace Relaybox.Functions.Tests.Examining;

/// <summary>What can be wrong with the keys and their server is planted, and found. The server is its own: some tests configure it.</summary>
public sealed class RedisDoctorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs, RedisServer server) : IClassFixture<RedisServer>
{
    private readonly string _prefix = RedisServer.UniquePrefix();

    [Fact]
    public async Task A_healthy_system_has_no_problem()
    {
        await using var world = await CreateAsync();
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Fact]
    public async Task A_missing_Setup_is_found_and_Setup_puts_it_right()
    {
        await using var world = await CreateAsync(setUp: false);
        Assert.Contains("schema.missing", (await Examination.OfAsync(world)).Problems);
        await world.InvokeAsync("Setup", "{}");
        (await Examination.OfAsync(world)).AssertHealthy();
    }

    [Theory]
    [InlineData("version", "0")]
    [InlineData("version", "99")]
    [InlineData("buckets", "7")]
    public async Task Keys_of_another_version_or_number_of_buckets_are_found(string field, string value)
    {
        await using var world = await CreateAsync();
        await server.Multiplexer.GetDatabase().HashSetAsync($"{{{_prefix}:0}}:schema", [new HashEntry(field, value)]);
        Assert.Contains("schema.other", (await Examination.OfAsync(world)).Problems);
    }

    [Fact]
    public async Task Replicas_that_a_commit_waits_for_in_vain_are_found()
    {
        await using var world = await CreateAsync();
        world.Set("REDIS_DURABILITY", "replicas:1");
        (await Examination.OfAsync(world)).AssertOnly("schema.few-replicas");
    }

    [Fact]
    public async Task A_server_that_keeps_no_file_is_found()
    {
        await using var world = await CreateAsync();
        var endPoint = server.Multiplexer.GetServers()[0];
        await endPoint.ConfigSetAsync("appendonly", "no");
        try
        {
            (await Examination.OfAsync(world)).AssertFound("schema.not-durable", FindingSeverity.Warning);
            world.Set("REDIS_DURABILITY", "disk:0");
            (await Examination.OfAsync(world)).AssertOnly("schema.no-append");
        }
        finally
        {
            await endPoint.ConfigSetAsync("appendonly", "yes");
        }
    }

    [Fact]
    public async Task A_server_that_evicts_rows_is_found()
    {
        await using var world = await CreateAsync();
        var endPoint = server.Multiplexer.GetServers()[0];
        await endPoint.ConfigSetAsync("maxmemory-policy", "allkeys-lru");
        try
        {
            Assert.Contains("maxmemory-policy", (await Examination.OfAsync(world)).AssertOnly("store.failed").Text, StringComparison.Ordinal);
        }
        finally
        {
            await endPoint.ConfigSetAsync("maxmemory-policy", "noeviction");
        }
    }

    [Theory]
    [InlineData("-hincrby -zrem", "+hincrby", "+zrem")]
    [InlineData("-cluster|slots -acl|whoami", "+acl|whoami", "+cluster|slots")]
    [InlineData("resetkeys ~{0}", "~*{0}*")]
    [InlineData("resetchannels", "&{1}:due")]
    [InlineData("-eval", "+eval")]
    public async Task A_missing_right_is_found_and_the_advice_is_the_rule_that_puts_it_right(string taken, params string[] rights)
    {
        await using var world = await CreateAsync();
        var user = $"functions-{_prefix}";
        var administrator = server.Multiplexer.GetServers()[0];
        await SetUserAsync("on >password");
        world.Set("DATABASE_FUNCTIONS_USER", user);
        await world.InvokeAsync("Setup", "{}");
        world.Set("REDIS_URL", $"redis://{user}:password@{server.Address}/0");
        (await Examination.OfAsync(world)).AssertHealthy();

        await SetUserAsync(Of(taken));
        var found = (await Examination.OfAsync(world)).AssertFound("rights.missing", FindingSeverity.Problem);
        Assert.All(rights, right => Assert.Contains(Of(right), found.Text, StringComparison.Ordinal));
        var rule = found.Advice!.Split("ACL SETUSER ")[1];
        Assert.StartsWith(rights.Contains("+acl|whoami") ? "NAME " : $"{user} ", rule, StringComparison.Ordinal);
        await SetUserAsync(rule[(rule.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        (await Examination.OfAsync(world)).AssertHealthy();

        // Keys of the buckets, and the channel of the hints.
        string Of(string text) => string.Format(System.Globalization.CultureInfo.InvariantCulture, text, $"{{{_prefix}:*}}", _prefix);

        Task SetUserAsync(string rules) => administrator.ExecuteAsync("ACL", ["SETUSER", user, .. rules.Split(' ')]);
    }

    [Fact]
    public async Task A_server_that_does_not_tell_the_rights_is_told_as_such()
    {
        await using var own = await RedisServer.StartAsync("--rename-command", "EVAL", "");
        await using var world = await CreateAsync(setUp: false);
        world.Set("REDIS_URL", $"redis://{own.Address}/0");
        var found = (await Examination.OfAsync(world)).AssertFound("rights", FindingSeverity.Unknown);
        Assert.Contains("ACL GETUSER", found.Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_told_once()
    {
        await using var world = await CreateAsync();
        world.Set("REDIS_URL", "redis://127.0.0.1:1/0");
        var found = await Examination.OfAsync(world);
        found.AssertOnly("store.failed");
        Assert.Single(found.Findings, finding => finding.Id == "store.failed");
    }

    private async Task<FunctionWorld> CreateAsync(bool setUp = true)
    {
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        await Queues.MakeAsInTemplateAsync(world);
        foreach (var (name, value) in new[]
        {
            ("STORE", "redis"), ("REDIS_URL", $"redis://{server.Address}/0"), ("REDIS_KEY_PREFIX", _prefix), ("EFFECTS_TABLE", "effects"),
        })
        {
            world.Set(name, value);
        }

        if (setUp)
        {
            await world.InvokeAsync("Setup", "{}");
        }

        return world;
    }
}
