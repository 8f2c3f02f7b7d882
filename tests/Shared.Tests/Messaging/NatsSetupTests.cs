using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using Relaybox.Nats;
using Relaybox.Settings;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class NatsSetupTests(NatsServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_is_created_as_it_has_to_be_and_left_alone_the_second_time()
    {
        await using var world = new NatsWorld(server.Url);
        var log = new RecordingLogger<NatsStreams>();
        var options = world.StreamOptions() with { DuplicateWindow = TimeSpan.FromMinutes(11), MaxAge = TimeSpan.FromDays(3) };
        await world.CreateStreams(log).EnsureAsync(options, Ct);
        await world.CreateStreams(log).EnsureAsync(options, Ct);
        await world.CreateStreams(log).EnsureAsync(options with { DuplicateWindow = TimeSpan.FromMinutes(1), MaxAge = TimeSpan.FromDays(1) }, Ct);
        var config = (await world.InfoAsync()).Config;
        Assert.Equal(
            (StreamConfigStorage.File, TimeSpan.FromMinutes(11), TimeSpan.FromDays(3), 1),
            (config.Storage, config.DuplicateWindow, config.MaxAge, config.NumReplicas));
        Assert.Equal(["created"], log.Lines.Select(line => line.Trim().Split(' ')[^1]));
    }

    [Fact]
    public async Task Two_that_set_up_at_once_both_succeed()
    {
        await using var world = new NatsWorld(server.Url);
        await using var other = NatsWorld.Connect(server.Url);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            new NatsStreams(i % 2 == 0 ? world.Connector : other, NullLogger<NatsStreams>.Instance).EnsureAsync(world.StreamOptions(), Ct)));
    }

    [Fact]
    public async Task A_stream_that_does_not_exist_and_must_not_be_created_is_named()
    {
        await using var world = new NatsWorld(server.Url);
        var missing = await Assert.ThrowsAsync<NatsSetupException>(
            () => world.CreateStreams().EnsureAsync(world.StreamOptions() with { Create = false }, Ct));
        Assert.Contains($"The stream '{world.Name}' does not exist", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_is_too_narrow_is_widened_or_each_difference_is_named()
    {
        await using var world = new NatsWorld(server.Url);
        var context = await world.ContextAsync();
        await context.CreateStreamAsync(
            new StreamConfig(world.Name, [$"{world.Name}.a"])
            {
                Description = "theirs", DuplicateWindow = TimeSpan.FromSeconds(30),
                MaxAge = TimeSpan.FromHours(1), NumReplicas = 1, NoAck = true, MaxMsgs = 77,
            },
            Ct);
        var options = world.StreamOptions() with { Subjects = [$"{world.Name}.a", $"{world.Name}.b.>"] };
        var refused = await Assert.ThrowsAsync<NatsSetupException>(() => world.CreateStreams().EnsureAsync(options with { Repair = false }, Ct));
        Assert.Contains($"it does not take the subject '{world.Name}.b.>'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("its duplicate window is 00:00:30 instead of at least 00:10:00", refused.Message, StringComparison.Ordinal);
        Assert.Contains("it keeps messages for 01:00:00 instead of at least 7.00:00:00", refused.Message, StringComparison.Ordinal);
        Assert.Contains("no_ack", refused.Message, StringComparison.Ordinal);

        await world.CreateStreams().EnsureAsync(options, Ct);
        var config = (await world.InfoAsync()).Config;
        Assert.Equal([$"{world.Name}.a", $"{world.Name}.b.>"], config.Subjects!);
        Assert.Equal(
            (TimeSpan.FromMinutes(10), TimeSpan.FromDays(7), false, 77L, "theirs"),
            (config.DuplicateWindow, config.MaxAge, config.NoAck, config.MaxMsgs, config.Description));
    }

    [Fact]
    public async Task What_was_made_or_changed_is_told_and_nothing_is_the_second_time()
    {
        await using var world = new NatsWorld(server.Url);
        var consumers = new NatsConsumers(world.Connector, NullLogger<NatsConsumers>.Instance);
        var pull = new NatsPullOptions { Stream = world.Name, Consumer = "c", DeadLetterPrefix = "dead" };
        Assert.True(await world.CreateStreams().EnsureAsync(world.StreamOptions(), Ct));
        Assert.True(await consumers.EnsureAsync(pull, Ct));
        Assert.False(await world.CreateStreams().EnsureAsync(world.StreamOptions(), Ct));
        Assert.False(await consumers.EnsureAsync(pull, Ct));
        Assert.True(await world.CreateStreams().EnsureAsync(world.StreamOptions() with { MaxAge = TimeSpan.FromDays(30) }, Ct));
        Assert.True(await consumers.EnsureAsync(pull with { AckWait = TimeSpan.FromMinutes(7) }, Ct));
    }

    [Theory]
    [InlineData(77, -1, -1, StreamConfigDiscard.Old, "77 messages (max_msgs)")]
    [InlineData(-1, 100_000, -1, StreamConfigDiscard.Old, "100000 bytes (max_bytes)")]
    [InlineData(-1, -1, 5, StreamConfigDiscard.New, "5 messages of a subject (max_msgs_per_subject)")]
    [InlineData(77, 100_000, -1, StreamConfigDiscard.New, null)]
    [InlineData(-1, -1, -1, StreamConfigDiscard.Old, null)]
    public async Task Limits_by_which_a_stream_drops_what_nobody_has_consumed_are_warned_of_and_left_alone(
        long messages, long bytes, long perSubject, StreamConfigDiscard discard, string? warning)
    {
        await using var world = new NatsWorld(server.Url);
        var theirs = new StreamConfig(world.Name, [$"{world.Name}.>"])
        {
            DuplicateWindow = TimeSpan.FromMinutes(10), NumReplicas = 1,
            MaxMsgs = messages, MaxBytes = bytes, MaxMsgsPerSubject = perSubject, Discard = discard,
        };
        await (await world.ContextAsync()).CreateStreamAsync(theirs, Ct);
        var log = new RecordingLogger<NatsStreams>();
        await world.CreateStreams(log).EnsureAsync(world.StreamOptions(), Ct);
        var config = (await world.InfoAsync()).Config;
        Assert.Equal((messages, bytes, perSubject, discard), (config.MaxMsgs, config.MaxBytes, config.MaxMsgsPerSubject, config.Discard));
        AssertWarned(log, world.Name, warning);
    }

    [Fact]
    public async Task A_stream_that_drops_what_no_consumer_asks_for_is_warned_of()
    {
        await using var world = new NatsWorld(server.Url);
        await (await world.ContextAsync()).CreateStreamAsync(
            new StreamConfig(world.Name, [$"{world.Name}.>"]) { Retention = StreamConfigRetention.Interest, NumReplicas = 1 }, Ct);
        var log = new RecordingLogger<NatsStreams>();
        await world.CreateStreams(log).EnsureAsync(world.StreamOptions(), Ct);
        AssertWarned(log, world.Name, "retention: interest");
    }

    [Fact]
    public async Task What_cannot_be_changed_is_an_error_and_nothing_is_changed()
    {
        await using var world = new NatsWorld(server.Url);
        var context = await world.ContextAsync();
        await context.CreateStreamAsync(
            new StreamConfig(world.Name, [$"{world.Name}.>"]) { Storage = StreamConfigStorage.Memory, NumReplicas = 1 }, Ct);
        var refused = await Assert.ThrowsAsync<NatsSetupException>(() => world.CreateStreams().EnsureAsync(world.StreamOptions(), Ct));
        Assert.Contains("in memory instead of in files", refused.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromMinutes(2), (await world.InfoAsync()).Config.DuplicateWindow);
    }

    [Fact]
    public async Task Subjects_that_another_stream_has_and_a_server_out_of_reach_are_told()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        var overlap = await Assert.ThrowsAsync<NatsSetupException>(
            () => world.CreateStreams().EnsureAsync(world.StreamOptions() with { Name = $"{world.Name}2" }, Ct));
        Assert.Contains("overlap", overlap.Message, StringComparison.Ordinal);
        await using var nowhere = NatsWorld.Connect("nats://127.0.0.1:1");
        var unreachable = await Assert.ThrowsAsync<NatsSetupException>(
            () => new NatsStreams(nowhere, NullLogger<NatsStreams>.Instance).EnsureAsync(world.StreamOptions(), Ct));
        Assert.Contains("127.0.0.1:1", unreachable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consumer_is_created_repaired_and_refused_where_it_is_of_another_kind()
    {
        await using var world = new NatsWorld(server.Url);
        var consumers = new NatsConsumers(world.Connector, NullLogger<NatsConsumers>.Instance);
        var options = new NatsPullOptions
        {
            Stream = world.Name, Consumer = "c", DeadLetterPrefix = "dead", FilterSubject = $"{world.Name}.orders.>",
        };
        var missing = await Assert.ThrowsAsync<NatsSetupException>(() => consumers.EnsureAsync(options, Ct));
        Assert.Contains($"The stream '{world.Name}' does not exist", missing.Message, StringComparison.Ordinal);

        await world.CreateStreamAsync();
        var context = await world.ContextAsync();
        await context.CreateOrUpdateConsumerAsync(
            world.Name, new ConsumerConfig("c") { MaxDeliver = 3, AckWait = TimeSpan.FromSeconds(1), Description = "theirs" }, Ct);
        await consumers.EnsureAsync(options, Ct);
        await consumers.EnsureAsync(options, Ct);
        var config = (await context.GetConsumerAsync(world.Name, "c", Ct)).Info.Config;
        Assert.Equal(
            (-1L, TimeSpan.FromSeconds(60), 1000L, $"{world.Name}.orders.>", "theirs"),
            (config.MaxDeliver, config.AckWait, config.MaxAckPending, config.FilterSubject, config.Description));

        await context.CreateOrUpdateConsumerAsync(world.Name, new ConsumerConfig("push") { DeliverSubject = "somewhere" }, Ct);
        var push = await Assert.ThrowsAsync<NatsSetupException>(() => consumers.EnsureAsync(options with { Consumer = "push" }, Ct));
        Assert.Contains("not one to pull from", push.Message, StringComparison.Ordinal);
        var loop = await Assert.ThrowsAsync<NatsSetupException>(
            () => consumers.EnsureAsync(options with { DeadLetterPrefix = $"{world.Name}.dead" }, Ct));
        Assert.Contains("come back as messages", loop.Message, StringComparison.Ordinal);
    }

    private static void AssertWarned(RecordingLogger<NatsStreams> log, string stream, string? warning)
    {
        var warnings = log.Lines.Where(line => line.StartsWith("1511 ", StringComparison.Ordinal)).ToList();
        Assert.Equal(warning is null ? 0 : 1, warnings.Count);
        Assert.All(warnings, line => Assert.Contains(warning!, line, StringComparison.Ordinal));
        Assert.All(warnings, line => Assert.Contains(stream, line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.>", "a.>", true)]
    [InlineData(">", "a.>", true)]
    [InlineData("a.>", "a.b.c", true)]
    [InlineData("a.*.c", "a.b.c", true)]
    [InlineData("a.*", "a.*", true)]
    [InlineData("a.*", "a.>", false)]
    [InlineData("a.b", "a.*", false)]
    [InlineData("a.>", "a", false)]
    [InlineData("a", "a.b", false)]
    [InlineData("a.b", "a", false)]
    [InlineData("*.>", "a.b", true)]
    public void A_subject_covers_another(string wide, string narrow, bool covers) => Assert.Equal(covers, NatsSubjects.Covers(wide, narrow));

    [Theory]
    [InlineData("nats://nats.example.com:4222", true)]
    [InlineData("nats.example.com", true)]
    [InlineData("nats://10.0.0.1", true)]
    [InlineData("nats://127.0.0.1:4222,nats://10.0.0.1:4222", true)]
    [InlineData("tls://127.0.0.1:4222", false)]
    [InlineData("nats://localhost:4222", false)]
    [InlineData("nats://[::1]:4222,127.0.0.9", false)]
    public void Outside_loopback_tls_is_demanded_whatever_the_url_says(string url, bool demanded) =>
        Assert.Equal(demanded ? TlsMode.Require : TlsMode.Auto, NatsClientOptions.From(new NatsConnectionOptions { Url = url }).TlsOpts.Mode);

    [Fact]
    public void Wrong_options_are_all_told_and_no_secret_is()
    {
        var options = new NatsConnectionOptions
        {
            Url = "http://me:hunter2@host", Token = "hunter3", NKeySeed = "hunter4",
            Credentials = "hunter5", CredentialsFile = "/no/creds", CaFile = "/no/ca.pem",
        };
        var refused = Assert.Throws<SettingsException>(() => NatsWorld.Connect("x", _ => options));
        Assert.Equal(5, refused.Errors.Count);
        Assert.DoesNotContain("hunter", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", options.ToString(), StringComparison.Ordinal);
        foreach (var url in new[] { "", " ", ",", "nats://", "nats://a b", "ws://x", "nats://a,,b" })
        {
            Assert.Throws<SettingsException>(() => NatsClientOptions.From(new NatsConnectionOptions { Url = url }));
        }
    }

    [Fact]
    public void The_text_of_a_credentials_file_is_taken_apart()
    {
        var auth = NatsClientOptions.From(new NatsConnectionOptions
        {
            Url = "localhost",
            Credentials =
                "-----BEGIN NATS USER JWT-----\r\nthe.j.wt\r\n------END NATS USER JWT------\r\n\r\n"
                + "-----BEGIN USER NKEY SEED-----\r\nSUSEED\r\n------END USER NKEY SEED------\r\n",
        }).AuthOpts;
        Assert.Equal(("the.j.wt", "SUSEED"), (auth.Jwt, auth.Seed));
    }
}
