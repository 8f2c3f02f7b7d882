using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using Relaybox.Nats;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>What a sender learns of its messages over one connection, whatever the server does.</summary>
public class NatsSessionTests(NatsServer server)
{
    private static readonly ReadOnlyMemory<byte> Body = "x"u8.ToArray();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_in_flight_are_stored_in_order_and_each_gets_its_own_answer()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        var session = await world.Connector.OpenAsync(Ct);
        var sent = new List<NatsPublication>();
        for (var i = 0; i < 5_000; i++)
        {
            sent.Add(await PublishAsync(session, $"{world.Name}.{i}"));
        }

        for (var i = 0; i < sent.Count; i++)
        {
            var answer = await session.AnswerAsync(sent[i], Ct);
            Assert.Equal((NatsAnswerKind.Accepted, (ulong)i + 1), (answer.Kind, answer.Acknowledgement!.Seq));
        }

        Assert.Equal(
            Enumerable.Range(0, 5_000).Select(i => $"{world.Name}.{i}"), (await world.TakeAsync(5_000)).Select(message => message.Subject));
    }

    [Fact]
    public async Task Answers_in_any_order_go_each_to_its_own_message()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            var messages = new List<ScriptedNats.Published>();
            while (messages.Count < 100)
            {
                messages.Add((await peer.ReadPublishAsync())!);
            }

            new Random(7).Shuffle(CollectionsMarshal.AsSpan(messages));
            foreach (var message in messages)
            {
                await peer.AcknowledgeAsync(message, int.Parse(message.Subject[2..]));
            }

            await peer.ReadPublishAsync();
        });
        await using var session = await OpenAsync(scripted.Url);
        var sent = new List<NatsPublication>();
        for (var i = 0; i < 100; i++)
        {
            sent.Add(await PublishAsync(session, $"s.{i}"));
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal((ulong)i, (await session.AnswerAsync(sent[i], Ct)).Acknowledgement!.Seq);
        }
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"stream":7}""")]
    [InlineData("""{"stream":"","seq":1}""")]
    [InlineData("""{"seq":1}""")]
    [InlineData("""{"stream":"S","seq":-1}""")]
    [InlineData("""{"stream":"S","seq":1""")]
    [InlineData("")]
    public async Task An_answer_that_names_no_stream_is_no_acknowledgement(string text)
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            await peer.AnswerAsync((await peer.ReadPublishAsync())!, text);
            await peer.AcknowledgeAsync((await peer.ReadPublishAsync())!, 5);
            await peer.ReadPublishAsync();
        });
        await using var session = await OpenAsync(scripted.Url);
        Assert.Equal(NatsAnswerKind.Malformed, (await AskAsync(session, "s.1")).Kind);

        // The connection is as good as before.
        Assert.Equal(5UL, (await AskAsync(session, "s.2")).Acknowledgement!.Seq);
    }

    [Fact]
    public async Task A_lost_answer_is_told_in_time_and_one_that_comes_too_late_goes_to_no_other_message()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            var first = (await peer.ReadPublishAsync())!;
            var second = (await peer.ReadPublishAsync())!;
            await peer.AcknowledgeAsync(first, 111);
            await peer.AnswerAsync(second with { ReplyTo = "_INBOX.another.2" }, "{}");
            await peer.AnswerAsync(second with { ReplyTo = $"{peer.Inbox}zzzz" }, "{}");
            await peer.AnswerAsync(second with { ReplyTo = $"{peer.Inbox}999999" }, "{}");
            await peer.AcknowledgeAsync(second, 222);
            await peer.AcknowledgeAsync(second, 333);
            await peer.ReadPublishAsync();
        });
        await using var session = await OpenAsync(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Equal(NatsAnswerKind.Silent, (await AskAsync(session, "s.1")).Kind);
        Assert.Equal(222UL, (await AskAsync(session, "s.2")).Acknowledgement!.Seq);
    }

    [Fact]
    public async Task A_wait_can_be_given_up()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadPublishAsync();
            await peer.ReadPublishAsync();
        });
        await using var session = await OpenAsync(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(5) });
        var publication = await PublishAsync(session, "s.1");
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        Assert.Equal(NatsAnswerKind.Abandoned, (await session.AnswerAsync(publication, giveUp.Token)).Kind);
    }

    [Fact]
    public async Task When_the_connection_is_lost_all_that_wait_are_told_at_once_and_nothing_is_ever_sent_over_it_again()
    {
        var received = new List<string>();
        var connections = 0;
        await using var scripted = new ScriptedNats(async peer =>
        {
            Interlocked.Increment(ref connections);
            await peer.GreetAsync();
            while (await peer.ReadPublishAsync() is { } message)
            {
                lock (received)
                {
                    received.Add(message.Subject);
                    if (received.Count == 50)
                    {
                        return;
                    }
                }
            }
        });
        await using var session = await OpenAsync(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(5) });
        var sent = new List<NatsPublication>();
        for (var i = 0; i < 50; i++)
        {
            sent.Add(await PublishAsync(session, $"s.{i}"));
        }

        foreach (var publication in sent)
        {
            var answer = await session.AnswerAsync(publication, Ct);
            Assert.Equal(NatsAnswerKind.Lost, answer.Kind);
            Assert.Contains("the connection was lost", answer.Reason, StringComparison.Ordinal);
        }

        // Refused without waiting for a connection, and by what it says not sent.
        Assert.False(session.IsOpen);
        await Assert.ThrowsAsync<NatsException>(async () => await PublishAsync(session, "after"));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"s.{i}"), received);
    }

    [Fact]
    public async Task An_error_that_ends_the_connection_is_the_reason_that_is_given()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadPublishAsync();
            await peer.SendAsync("-ERR 'Stale Connection'\r\n");
        });
        await using var session = await OpenAsync(scripted.Url);
        var answer = await AskAsync(session, "s.1");
        Assert.Equal(NatsAnswerKind.Lost, answer.Kind);
        Assert.Contains("Stale Connection", answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_that_wait_for_a_stream_end_with_the_connection()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadPublishAsync();
        });
        await using var session = await OpenAsync(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(5) });
        var lost = await Assert.ThrowsAsync<NatsException>(
            () => session.RunAsync(async ct => await session.JetStream.GetStreamAsync("S", cancellationToken: ct), Ct));
        Assert.Contains("the connection was lost", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subject_without_permission_is_told_at_once_in_the_servers_words_and_its_neighbours_go_on()
    {
        await using var own = await NatsServer.StartAsync(
            """
            authorization { users: [
              { user: admin, password: pw }
              { user: app, password: pw, permissions: { publish: { deny: "no.>" } } } ] }
            """);
        await using var world = new NatsWorld(own.Url.Replace("nats://", "nats://admin:pw@", StringComparison.Ordinal));
        await world.CreateStreamAsync();
        await using var session = await OpenAsync(
            own.Url, o => o with { Username = "app", Password = "pw", RequestTimeout = TimeSpan.FromSeconds(30) });
        var denied = await PublishAsync(session, "no.Way");
        var allowed = await PublishAsync(session, $"{world.Name}.a");
        var answer = await session.AnswerAsync(denied, Ct);
        Assert.Equal(NatsAnswerKind.Forbidden, answer.Kind);
        Assert.Equal("Permissions Violation for Publish to \"no.Way\"", answer.Reason);
        Assert.Equal(NatsAnswerKind.Accepted, (await session.AnswerAsync(allowed, Ct)).Kind);
    }

    [Fact]
    public async Task A_user_who_may_not_receive_acknowledgements_is_told_so()
    {
        await using var own = await NatsServer.StartAsync(
            """authorization { users: [ { user: app, password: pw, permissions: { publish: ">", subscribe: "orders.>" } } ] }""");
        await using var connector = NatsWorld.Connect(
            own.Url, o => o with { Username = "app", Password = "pw", RequestTimeout = TimeSpan.FromMinutes(5) });
        var session = await connector.OpenAsync(Ct);
        var reason = await Eventually.ValueAsync(
            async () =>
            {
                try
                {
                    return (await AskAsync(session, "orders.placed")).Reason;
                }
                catch (NatsException e)
                {
                    return e.Message;
                }
            },
            _ => true,
            "an answer");
        Assert.Contains("Permissions Violation for Subscription", reason, StringComparison.Ordinal);
        Assert.Contains("Allow the user to subscribe to _INBOX.>", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_may_not_receive_answers_of_JetStream_is_told_so()
    {
        await using var own = await NatsServer.StartAsync(
            """authorization { users: [ { user: app, password: pw, permissions: { publish: ">", subscribe: "orders.>" } } ] }""");
        await using var session = await OpenAsync(
            own.Url, o => o with { Username = "app", Password = "pw", RequestTimeout = TimeSpan.FromSeconds(1) });
        var refused = await Assert.ThrowsAsync<NatsException>(
            () => session.RunAsync(async ct => await session.JetStream.GetStreamAsync("S", cancellationToken: ct), Ct));
        Assert.Contains("Permissions Violation for Subscription", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Allow the user to subscribe to _INBOX.>", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_the_user_may_not_make_is_told_in_the_servers_words()
    {
        await using var own = await NatsServer.StartAsync(
            """authorization { users: [ { user: app, password: pw, permissions: { publish: { deny: "$JS.API.STREAM.>" } } } ] }""");
        await using var session = await OpenAsync(
            own.Url, o => o with { Username = "app", Password = "pw", RequestTimeout = TimeSpan.FromSeconds(1) });
        var refused = await Assert.ThrowsAsync<NatsException>(
            () => session.RunAsync(async ct => await session.JetStream.GetStreamAsync("S", cancellationToken: ct), Ct));
        Assert.StartsWith("Permissions Violation for Publish to \"$JS.API.STREAM.INFO.S\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_is_lost_before_it_can_be_used_is_given_up_at_once()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.SendAsync(ScriptedNats.Info());
            while (await peer.ReadLineAsync() is { } line)
            {
                if (line == "PING")
                {
                    // And that is all.
                    await peer.SendAsync("PONG\r\n");
                    return;
                }
            }
        });
        try
        {
            await using var session = await OpenAsync(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(10) })
                .WaitAsync(TimeSpan.FromMinutes(2), Ct);
            await Eventually.TrueAsync(() => !session.IsOpen, "the loss to be noticed");
        }
        catch (NatsException)
        {
            // It was noticed sooner.
        }
    }

    [Fact]
    public async Task What_is_larger_than_the_server_takes_is_not_sent_and_the_connection_goes_on()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        var session = await world.Connector.OpenAsync(Ct);
        var most = session.JetStream.Connection.ServerInfo!.MaxPayload;
        await Assert.ThrowsAsync<NatsPayloadTooLargeException>(
            async () => await session.PublishAsync($"{world.Name}.a", new byte[most + 1], [], Ct));
        await Assert.ThrowsAsync<NatsPayloadTooLargeException>(
            async () => await session.PublishAsync($"{world.Name}.a", new byte[most], new NatsHeaders { ["a"] = "b" }, Ct));
        Assert.Equal(NatsAnswerKind.Accepted, (await AskAsync(session, $"{world.Name}.a")).Kind);
        Assert.Equal(1, (await world.InfoAsync()).State.Messages);
    }

    [Fact]
    public async Task An_error_of_the_stream_comes_in_its_answer()
    {
        await using var world = new NatsWorld(server.Url);
        var session = await world.Connector.OpenAsync(Ct);
        await session.JetStream.CreateStreamAsync(
            new StreamConfig(world.Name, [$"{world.Name}.>"]) { MaxMsgs = 1, Discard = StreamConfigDiscard.New, NumReplicas = 1 }, Ct);
        Assert.Equal(NatsAnswerKind.Accepted, (await AskAsync(session, $"{world.Name}.a")).Kind);
        var full = await AskAsync(session, $"{world.Name}.a");
        Assert.Equal((NatsAnswerKind.Refused, 10077), (full.Kind, full.Acknowledgement!.Error!.ErrCode));
    }

    [Fact]
    public async Task A_subject_without_a_stream_has_no_responders()
    {
        await using var session = await OpenAsync(server.Url);
        Assert.Equal(NatsAnswerKind.NoResponders, (await AskAsync(session, NatsServer.UniqueName("none"))).Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("INFO {\r\n")]
    [InlineData("INFO []\r\n")]
    [InlineData("-ERR 'maximum connections exceeded'\r\n")]
    [InlineData("MSG a 1 1\r\nx\r\n")]
    public async Task What_is_no_nats_server_is_refused_in_time(string greeting)
    {
        await using var scripted = new ScriptedNats(peer => peer.SendAsync(greeting));
        await Assert.ThrowsAsync<NatsException>(() => OpenAsync(scripted.Url, o => o with { ConnectTimeout = TimeSpan.FromMilliseconds(500) }));
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_in_time()
    {
        await using var scripted = new ScriptedNats(peer => peer.ReadLineAsync());
        await Assert.ThrowsAsync<NatsException>(() => OpenAsync(scripted.Url, o => o with { ConnectTimeout = TimeSpan.FromMilliseconds(200) }));
    }

    [Fact]
    public async Task Of_several_servers_one_that_lives_is_found()
    {
        await using var session = await OpenAsync($"nats://127.0.0.1:1,{server.Url}");
        await session.PingAsync(Ct);
    }

    [Fact]
    public async Task A_server_out_of_reach_is_named_with_the_reason()
    {
        var refused = await Assert.ThrowsAsync<NatsException>(() => OpenAsync("nats://127.0.0.1:1"));
        Assert.Contains("127.0.0.1:1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Connection refused", refused.Message, StringComparison.Ordinal);
    }

    private static Task<NatsSession> OpenAsync(string url, Func<NatsConnectionOptions, NatsConnectionOptions>? configure = null)
    {
        var options = new NatsConnectionOptions { Url = url };
        return NatsSession.OpenAsync(
            NatsClientOptions.From(configure is null ? options : configure(options)), TimeProvider.System, NullLogger.Instance, Ct);
    }

    private static ValueTask<NatsPublication> PublishAsync(NatsSession session, string subject) =>
        session.PublishAsync(subject, Body, [], Ct);

    private static async Task<NatsAnswer> AskAsync(NatsSession session, string subject) =>
        await session.AnswerAsync(await PublishAsync(session, subject), Ct);
}
