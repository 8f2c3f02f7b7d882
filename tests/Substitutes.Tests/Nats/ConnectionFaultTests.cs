using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats;

public class ConnectionFaultTests(NatsServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_killed_and_started_again_is_used_again()
    {
        await using var own = await NatsServer.StartAsync();
        await using var connection = Streams.Connect(own.Url);
        var (lost, opened) = (0, 0);
        connection.ConnectionDisconnected += (_, _) => Count(ref lost);
        connection.ConnectionOpened += (_, _) => Count(ref opened);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context, c => c with { Storage = StreamConfigStorage.File });
        for (var round = 1; round <= 3; round++)
        {
            await own.StopAtOnceAsync();
            await Eventually.TrueAsync(() => connection.ConnectionState == NatsConnectionState.Reconnecting, "the loss to be seen");
            await own.StartAgainAsync();
            await connection.ConnectAsync();

            // The server takes connections before it has its streams again, and may have lost what it held in memory only.
            var opts = new NatsJSPubOpts { RetryAttempts = 50 };
            var sequence = (await context.PublishAsync($"{stream}.{round}", Streams.Bytes("x"), opts: opts, cancellationToken: Ct)).Seq;
            var consumer = await Streams.ConsumerAsync(context, stream, c => c with { Name = $"c{round}", DurableName = $"c{round}" });
            var last = (await Streams.TakeAsync(consumer, 10))[^1];
            Assert.Equal(($"{stream}.{round}", sequence), (last.Subject, last.Metadata!.Value.Sequence.Stream));
        }

        await Eventually.TrueAsync(() => (lost, opened) == (3, 4), "the events");
    }

    [Fact]
    public async Task While_there_is_no_connection_a_message_is_refused_and_never_sent_later()
    {
        await using var own = await NatsServer.StartAsync();
        await using var connection = Streams.Connect(own.Url, o => o with { CommandTimeout = TimeSpan.FromMilliseconds(200) });
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context, c => c with { Storage = StreamConfigStorage.File });
        await own.StopAtOnceAsync();
        await Eventually.TrueAsync(() => connection.ConnectionState != NatsConnectionState.Open, "the loss to be seen");
        await Assert.ThrowsAsync<NatsException>(async () => await context.PublishConcurrentAsync($"{stream}.a", Streams.Bytes("x"), cancellationToken: Ct));
        await own.StartAgainAsync();
        await connection.ConnectAsync();
        Assert.Equal(1UL, (await context.PublishAsync($"{stream}.b", Streams.Bytes("x"), cancellationToken: Ct)).Seq);
    }

    [Fact]
    public async Task When_the_connection_dies_all_that_wait_are_told_at_once_and_nothing_is_sent_again()
    {
        var received = new List<string>();
        await using var scripted = new ScriptedNats(async peer =>
        {
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

                if (message.Subject == "after")
                {
                    await peer.AcknowledgeAsync(message, 1);
                }
            }
        });
        await using var connection = Streams.Connect(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(1) });
        var context = new NatsJSContext(connection);
        var futures = new List<NatsJSPublishConcurrentFuture>();
        for (var i = 0; i < 50; i++)
        {
            futures.Add(await context.PublishConcurrentAsync($"s.{i}", Streams.Bytes("x"), cancellationToken: Ct));
        }

        foreach (var future in futures)
        {
            var lost = await Assert.ThrowsAsync<NatsException>(async () => await future.GetResponseAsync(Ct));
            Assert.Contains("lost before the answer", lost.Message, StringComparison.Ordinal);
        }

        await connection.ConnectAsync();
        await context.PublishAsync("after", Streams.Bytes("x"), cancellationToken: Ct);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"s.{i}").Append("after"), received);
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

            new Random(7).Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(messages));
            foreach (var message in messages)
            {
                await peer.AcknowledgeAsync(message, int.Parse(message.Subject[2..]));
            }

            await peer.ReadPublishAsync();
        });
        await using var connection = Streams.Connect(scripted.Url);
        var context = new NatsJSContext(connection);
        var futures = new List<NatsJSPublishConcurrentFuture>();
        for (var i = 0; i < 100; i++)
        {
            futures.Add(await context.PublishConcurrentAsync($"s.{i}", Streams.Bytes("x"), cancellationToken: Ct));
        }

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal((ulong)i, (await futures[i].GetResponseAsync(Ct)).Seq);
        }
    }

    [Fact]
    public async Task A_lost_answer_is_told_in_time_and_one_that_comes_too_late_is_nobody_elses()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            var first = (await peer.ReadPublishAsync())!;
            var second = (await peer.ReadPublishAsync())!;
            await peer.AcknowledgeAsync(first, 111);
            await peer.AnswerAsync(second with { ReplyTo = "_INBOX.another.000000000000" }, "{}");
            await peer.AnswerAsync(second with { ReplyTo = peer.Inbox + "zzzz" }, "{}");
            await peer.AnswerAsync(second with { ReplyTo = peer.Inbox + "ffffffffffff" }, "{}");
            await peer.AcknowledgeAsync(second, 222);
            await peer.AcknowledgeAsync(second, 333);
            await peer.ReadPublishAsync();
        });
        await using var connection = Streams.Connect(scripted.Url, o => o with { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        var context = new NatsJSContext(connection);
        await using (var first = await context.PublishConcurrentAsync("s.1", Streams.Bytes("x"), cancellationToken: Ct))
        {
            await Assert.ThrowsAsync<NatsJSPublishNoResponseException>(async () => await first.GetResponseAsync(Ct));
        }

        await using var second = await context.PublishConcurrentAsync("s.2", Streams.Bytes("x"), cancellationToken: Ct);
        Assert.Equal(222UL, (await second.GetResponseAsync(Ct)).Seq);
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
        await using var connection = Streams.Connect(scripted.Url);
        var context = new NatsJSContext(connection);
        await using var future = await context.PublishConcurrentAsync("s.1", Streams.Bytes("x"), cancellationToken: Ct);
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await future.GetResponseAsync(giveUp.Token));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"stream\":7}")]
    [InlineData("{\"stream\":\"S\",\"seq\":-1}")]
    [InlineData("{\"stream\":\"S\",\"seq\":1")]
    public async Task An_answer_that_says_nothing_is_no_acknowledgement(string answer)
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.GreetAsync();
            var message = (await peer.ReadPublishAsync())!;
            await peer.AnswerAsync(message, answer);
            await peer.AcknowledgeAsync((await peer.ReadPublishAsync())!, 5);
            await peer.ReadPublishAsync();
        });
        await using var connection = Streams.Connect(scripted.Url);
        var context = new NatsJSContext(connection);
        await Assert.ThrowsAsync<NatsException>(async () => await context.PublishAsync("s.1", Streams.Bytes("x"), cancellationToken: Ct));
        Assert.Equal(5UL, (await context.PublishAsync("s.2", Streams.Bytes("x"), cancellationToken: Ct)).Seq);
    }

    [Fact]
    public async Task An_error_of_the_stream_comes_in_its_answer()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context, c => c with { MaxMsgs = 1, Discard = StreamConfigDiscard.New });
        await context.PublishAsync($"{stream}.a", Streams.Bytes("x"), cancellationToken: Ct);
        var full = await context.PublishAsync($"{stream}.a", Streams.Bytes("x"), cancellationToken: Ct);
        Assert.Equal((503, 10077), (full.Error!.Code, full.Error.ErrCode));
    }

    [Fact]
    public async Task A_subject_without_permission_is_told_and_the_connection_goes_on()
    {
        await using var own = await NatsServer.StartAsync(
            """authorization { users: [ { user: u, password: p, permissions: { publish: { deny: "no.>" } } } ] }""");
        await using var connection = Streams.Connect(own.Url, o => o with { AuthOpts = new NatsAuthOpts { Username = "u", Password = "p" } });
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context);
        await using var denied = await context.PublishConcurrentAsync("no.Way", Streams.Bytes("x"), cancellationToken: Ct);
        await using var allowed = await context.PublishConcurrentAsync($"{stream}.a", Streams.Bytes("x"), cancellationToken: Ct);
        var error = await Assert.ThrowsAsync<NatsServerException>(async () => await denied.GetResponseAsync(Ct));
        Assert.Contains("permissions violation", error.Error, StringComparison.Ordinal);
        Assert.Equal(1UL, (await allowed.GetResponseAsync(Ct)).Seq);
    }

    [Fact]
    public async Task What_is_larger_than_the_server_takes_is_not_sent_and_the_connection_goes_on()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context);
        await connection.ConnectAsync();
        var most = connection.ServerInfo!.MaxPayload;
        Assert.Equal(1_048_576, most);
        await Assert.ThrowsAsync<NatsPayloadTooLargeException>(async () => await context.PublishAsync($"{stream}.a", (ReadOnlyMemory<byte>)new byte[most + 1], cancellationToken: Ct));
        await Assert.ThrowsAsync<NatsPayloadTooLargeException>(async () => await context.PublishAsync(
            $"{stream}.a", (ReadOnlyMemory<byte>)new byte[most], headers: new NatsHeaders { ["a"] = "b" }, cancellationToken: Ct));
        Assert.Equal(1UL, (await context.PublishAsync($"{stream}.a", (ReadOnlyMemory<byte>)new byte[most], cancellationToken: Ct)).Seq);
        Assert.Equal(most, Assert.Single(await Streams.TakeAsync(await Streams.ConsumerAsync(context, stream), 2)).Data!.Length);
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
        await using var connection = Streams.Connect(scripted.Url);
        var context = new NatsJSContext(connection);
        await using var future = await context.PublishConcurrentAsync("s.1", Streams.Bytes("x"), cancellationToken: Ct);
        var lost = await Assert.ThrowsAsync<NatsException>(async () => await future.GetResponseAsync(Ct));
        Assert.Contains("stale connection", Assert.IsType<NatsServerException>(lost.InnerException).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_come_one_by_one_are_read_as_well()
    {
        await using var scripted = new ScriptedNats(async peer =>
        {
            await peer.SendSlowlyAsync(ScriptedNats.Info());
            await peer.ReadLineAsync();
            await peer.ReadLineAsync();
            await peer.SendSlowlyAsync("PING\r\nPONG\r\n");
            var message = (await peer.ReadPublishAsync())!;
            var ack = "{\"stream\":\"S\",\"seq\":42,\"domain\":\"d\",\"batch\":{\"x\":[1]}}";
            await peer.SendSlowlyAsync($"+OK\r\nHMSG {message.ReplyTo} 1 18 {18 + ack.Length}\r\nNATS/1.0\r\nA: b\r\n\r\n{ack}\r\n");
            await peer.ReadPublishAsync();
        });
        await using var connection = Streams.Connect(scripted.Url);
        var context = new NatsJSContext(connection);
        Assert.Equal(42UL, (await context.PublishAsync("s.1", Streams.Bytes("x"), cancellationToken: Ct)).Seq);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_pings_is_left()
    {
        var connections = 0;
        await using var scripted = new ScriptedNats(async peer =>
        {
            Interlocked.Increment(ref connections);
            await peer.GreetAsync();
            while (await peer.ReadLineAsync() is not null)
            {
                // As a process that is frozen: it takes what comes, and says nothing.
            }
        });
        await using var connection = Streams.Connect(scripted.Url, o => o with { PingInterval = TimeSpan.FromMilliseconds(50), MaxPingOut = 2 });
        await connection.ConnectAsync();
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await connection.PingAsync(giveUp.Token));
        await Eventually.TrueAsync(() => Volatile.Read(ref connections) >= 2, "another connection");
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("INFO {\r\n")]
    [InlineData("INFO []\r\n")]
    [InlineData("-ERR 'maximum connections exceeded'\r\n")]
    [InlineData("MSG a 1 1\r\nx\r\n")]
    public async Task What_is_no_nats_server_is_refused(string greeting)
    {
        await using var scripted = new ScriptedNats(peer => peer.SendAsync(greeting));
        await using var connection = Streams.Connect(scripted.Url);
        await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_in_time()
    {
        await using var scripted = new ScriptedNats(peer => peer.ReadLineAsync());
        await using var connection = Streams.Connect(scripted.Url, o => o with { ConnectTimeout = TimeSpan.FromMilliseconds(200) });
        var refused = await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
        Assert.Contains("did not answer within", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_servers_one_that_lives_is_found()
    {
        await using var connection = Streams.Connect($"nats://127.0.0.1:1,{server.Url}");
        await connection.ConnectAsync();
        await connection.PingAsync(Ct);
    }

    [Theory]
    [InlineData("http://127.0.0.1:4222")]
    [InlineData("ws://127.0.0.1:4222")]
    [InlineData("")]
    [InlineData("nats://")]
    public void A_url_of_another_kind_is_refused(string url) => Assert.Throws<NatsException>(() => Streams.Connect(url));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("a\r\nPUB b 0\r\n")]
    [InlineData("a\0")]
    [InlineData(".a")]
    [InlineData("a.")]
    [InlineData("a..b")]
    [InlineData("*")]
    [InlineData("a.*.b")]
    [InlineData("a.>")]
    public async Task A_subject_that_is_more_than_one_is_not_sent(string subject)
    {
        await using var connection = Streams.Connect(server.Url);
        await Assert.ThrowsAsync<NatsException>(async () => await new NatsJSContext(connection).PublishAsync(subject, Streams.Bytes("x"), cancellationToken: Ct));
    }

    [Theory]
    [InlineData("a", "b\r\nNats-Msg-Id: 1")]
    [InlineData("a", "b\n")]
    [InlineData("a", "b\0")]
    [InlineData("a b", "c")]
    [InlineData("a:", "c")]
    [InlineData("a\r\nb", "c")]
    [InlineData("", "c")]
    [InlineData("\u00e9", "c")]
    public async Task A_header_that_would_be_another_is_not_sent(string name, string value)
    {
        await using var connection = Streams.Connect(server.Url);
        await Assert.ThrowsAsync<NatsException>(async () => await new NatsJSContext(connection).PublishAsync(
            "s.1", Streams.Bytes("x"), headers: new NatsHeaders { [name] = value }, cancellationToken: Ct));
    }

    private static ValueTask Count(ref int counter)
    {
        Interlocked.Increment(ref counter);
        return ValueTask.CompletedTask;
    }
}
