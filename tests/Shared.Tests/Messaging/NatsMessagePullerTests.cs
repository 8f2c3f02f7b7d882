using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Events;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Messaging;

public class NatsMessagePullerTests(NatsServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_published_is_handled_once_and_gone()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        var handler = pull.Handle();
        await pull.PublishAsync(Sample.Event("a"), Sample.Event("b"), Sample.Event("c"));

        var result = await pull.DrainAsync();
        Assert.Equal((3, 3, 0), (result.Messages.Received, result.Messages.Processed, result.Unsettled));
        Assert.Equal(["a", "b", "c"], handler.Handled.Order());
        Assert.Equal(0, (await pull.DrainAsync()).Messages.Received);
        Assert.Equal((0, 0UL), await pull.LeftAsync());
    }

    [Fact]
    public async Task The_inbox_gets_stream_and_sequence()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        pull.Handle();
        await pull.PublishAsync(Sample.Event("a") with { OrderingKey = "k" });
        await pull.DrainAsync();
        var message = Assert.Single(pull.Inbox.Claimed);
        Assert.Equal((pull.World.Name, 1L, "k"), (message.Stream, message.StreamSequence, message.GroupId));
    }

    [Fact]
    public async Task A_message_that_was_moved_here_keeps_the_time_at_which_it_was_sent_first()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        var handler = pull.Handle();
        var moved = new NATS.Client.Core.NatsHeaders
        {
            ["Relaybox-Format"] = "envelope",
            ["Relaybox-Properties"] = """{"publishedAt":"2020-02-03T04:05:06.000Z"}""",
        };
        await (await pull.World.ContextAsync()).PublishAsync(
            $"{pull.World.Name}.orders.placed", new EnvelopeFormat().Write(Sample.Event("old")), headers: moved, cancellationToken: Ct);
        await pull.PublishAsync(Sample.Event("new"));

        Assert.Equal((2, 1), ((await pull.DrainAsync()) is var result ? result.Messages.Received : 0, result.Messages.DeadLettered));
        Assert.Equal(["new"], handler.Handled);
        Assert.InRange(Assert.Single(pull.Inbox.Claimed).PublishedAt!.Value, DateTimeOffset.UtcNow - TimeSpan.FromMinutes(5), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task A_failure_comes_again_after_its_delay_and_not_before()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url, consumer: c => c with { FirstRetryDelay = TimeSpan.FromSeconds(2) });
        var calls = new List<TimeSpan>();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        pull.Handle((_, _, _) =>
        {
            calls.Add(clock.Elapsed);
            return calls.Count == 1 ? throw new InvalidOperationException() : Task.CompletedTask;
        });
        await pull.PublishAsync(Sample.Event("a"));

        var counts = await pull.CountUntilAsync(counts => counts.Processed == 1, "the second attempt");
        Assert.Equal((2, 1, 1), (counts.Received, counts.Retried, counts.Processed));
        Assert.Equal(2, calls.Count);
        Assert.InRange(calls[1] - calls[0], TimeSpan.FromSeconds(0.9), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_message_whose_acknowledgement_was_lost_is_not_handled_twice()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url, o => o with { AckWait = TimeSpan.FromSeconds(1) });
        var handler = pull.Handle();
        await pull.PublishAsync(Sample.Event("a"));

        // As a process that dies between the handler's commit and the acknowledgement.
        var taken = await pull.TakeWithoutAnswerAsync();
        await pull.Consumer.ConsumeAsync([PulledMessage.Read(taken, taken.Metadata!.Value)], pull.Deadline(10), Ct);
        Assert.Single(handler.Handled);

        var result = await Eventually.ValueAsync(() => pull.DrainAsync(), r => r.Messages.Received > 0, "the second delivery");
        Assert.Equal((1, 0), (result.Messages.Duplicates, result.Messages.Processed));
        Assert.Single(handler.Handled);
        Assert.Equal((0, 0UL), await pull.LeftAsync());
    }

    [Fact]
    public async Task Poison_is_in_the_dead_letter_stream_with_its_reason_and_never_comes_again()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        pull.Handle();
        var context = await pull.World.ContextAsync();
        await context.PublishAsync(
            $"{pull.World.Name}.bad",
            (ReadOnlyMemory<byte>)"not an envelope"u8.ToArray(),
            headers: new NatsHeaders { ["X-Own"] = "kept" },
            cancellationToken: Ct);
        await pull.PublishAsync(Sample.Event("a"));

        var result = await pull.DrainAsync();
        Assert.Equal((2, 1, 1), (result.Messages.Received, result.Messages.Processed, result.Messages.DeadLettered));
        Assert.Equal((0, 0UL), await pull.LeftAsync());
        var dead = Assert.Single(await pull.World.TakeAsync(10, pull.World.DeadName));
        Assert.Equal($"{pull.World.DeadName}.{pull.World.Name}.bad", dead.Subject);
        Assert.Equal("not an envelope", Encoding.UTF8.GetString(dead.Data!));
        Assert.Equal("kept", dead.Headers!["X-Own"]);
        Assert.Equal(ErrorCodes.MessageUnreadable, dead.Headers[NatsHeaderNames.ErrorCode]);
        Assert.Equal(pull.World.Name, dead.Headers[NatsHeaderNames.SourceStream]);
        Assert.Equal("1", dead.Headers[NatsHeaderNames.SourceSequence]);
        Assert.NotEmpty(dead.Headers[NatsHeaderNames.ErrorMessage].ToString());
    }

    [Fact]
    public async Task Without_a_stream_for_its_copy_a_dead_message_is_not_ended()
    {
        await using var pull = await NatsPull.CreateAsync(
            server.Url,
            o => o with { DeadLetterPrefix = NatsServer.UniqueName("nowhere") },
            o => o with { DeadLetterRetryDelay = TimeSpan.FromSeconds(2) });
        pull.Handle();
        var context = await pull.World.ContextAsync();
        await context.PublishAsync($"{pull.World.Name}.bad", (ReadOnlyMemory<byte>)"x"u8.ToArray(), cancellationToken: Ct);
        var counts = await pull.CountUntilAsync(counts => counts.Received >= 2, "the message again");
        Assert.Equal((counts.Received, 0), (counts.Retried, counts.Processed));
        Assert.Equal((1, 0UL), await pull.LeftAsync());
    }

    [Fact]
    public async Task When_the_connection_is_lost_nothing_waits_for_another_to_answer_what_was_handled()
    {
        await using var setup = await NatsPull.CreateAsync(server.Url);
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(10) });
        var cut = false;
        setup.Handle((_, _, _) =>
        {
            if (!cut)
            {
                cut = true;
                proxy.Cut();
            }

            return Task.CompletedTask;
        });
        await setup.PublishAsync(Sample.Event("good"));
        await (await setup.World.ContextAsync()).PublishAsync(
            $"{setup.World.Name}.bad", (ReadOnlyMemory<byte>)"no event"u8.ToArray(), cancellationToken: Ct);

        var puller = new NatsMessagePuller(connector, setup.Consumer, setup.Options, TimeProvider.System, SystemEntropy.Instance, setup.Log);
        var result = await puller.DrainAsync(setup.Deadline(600), Ct).WaitAsync(TimeSpan.FromMinutes(2), Ct);
        Assert.Equal((2, 1), (result.Messages.Received, result.Messages.Processed));
        Assert.Contains(setup.Log.Lines, line => line.StartsWith("1506 ", StringComparison.Ordinal)
            && line.Contains("the connection was lost", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("$JS.API.CONSUMER.MSG.NEXT.>", "1507 ")]
    [InlineData("$JS.ACK.>", "1506 ")]
    public async Task What_the_user_may_not_do_is_told_in_the_servers_words(string denied, string logged)
    {
        await using var own = await NatsServer.StartAsync(
            $$"""
            authorization { users: [
              { user: admin, password: pw }
              { user: app, password: pw, permissions: { publish: { deny: "{{denied}}" } } } ] }
            """);
        await using var setup = await NatsPull.CreateAsync(own.Url.Replace("nats://", "nats://admin:pw@", StringComparison.Ordinal));
        setup.Handle();
        await setup.PublishAsync(Sample.Event("a"));
        await using var connector = NatsWorld.Connect(
            own.Url, o => o with { Username = "app", Password = "pw", RequestTimeout = TimeSpan.FromSeconds(1) });
        var puller = new NatsMessagePuller(connector, setup.Consumer, setup.Options, TimeProvider.System, SystemEntropy.Instance, setup.Log);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var draining = puller.DrainAsync(setup.Deadline(600), enough.Token);
        await Eventually.TrueAsync(
            () => setup.Log.Lines.Any(line => line.StartsWith(logged, StringComparison.Ordinal)),
            "the refusal to be logged",
            TimeSpan.FromMinutes(1));
        await enough.CancelAsync();
        try
        {
            await draining;
        }
        catch (OperationCanceledException)
        {
            // It goes on trying until it is told to end.
        }

        var line = setup.Log.Lines.First(line => line.StartsWith(logged, StringComparison.Ordinal));
        Assert.Contains($"Permissions Violation for Publish to \"{denied[..^1]}", line, StringComparison.Ordinal);
        Assert.Contains("Allow the user to publish there", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_a_dead_letter_has_no_copy_is_told_in_the_servers_words()
    {
        await using var own = await NatsServer.StartAsync(
            """
            authorization { users: [
              { user: admin, password: pw }
              { user: app, password: pw, permissions: { publish: { deny: "*.*.bad" } } } ] }
            """);
        await using var setup = await NatsPull.CreateAsync(own.Url.Replace("nats://", "nats://admin:pw@", StringComparison.Ordinal));
        setup.Handle();
        await (await setup.World.ContextAsync()).PublishAsync(
            $"{setup.World.Name}.bad", (ReadOnlyMemory<byte>)"no event"u8.ToArray(), cancellationToken: Ct);
        await using var connector = NatsWorld.Connect(own.Url, o => o with { Username = "app", Password = "pw" });
        var puller = new NatsMessagePuller(connector, setup.Consumer, setup.Options, TimeProvider.System, SystemEntropy.Instance, setup.Log);

        Assert.Equal((1, 1, 0), Counts(await puller.DrainAsync(setup.Deadline(600), Ct)));
        var line = Assert.Single(setup.ConsumerLog.Lines, line => line.StartsWith("1207 ", StringComparison.Ordinal));
        Assert.Contains("Permissions Violation for Publish", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_takes_longer_than_the_acknowledgement_time_is_not_run_again()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url, o => o with { AckWait = TimeSpan.FromSeconds(1) });
        var handler = pull.Handle((_, _, ct) => Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System, ct));
        await pull.PublishAsync(Sample.Event("a"));
        var working = pull.DrainAsync();
        await Eventually.TrueAsync(() => handler.Handled.Count == 1, "the handler to begin");
        var others = new List<NatsPullResult>();
        while (!working.IsCompleted)
        {
            others.Add(await pull.CreatePuller().DrainAsync(pull.Deadline(30), Ct));
        }

        Assert.Equal((1, 1), ((await working).Messages.Received, (await working).Messages.Processed));
        Assert.All(others, other => Assert.Equal(0, other.Messages.Received));
        Assert.Single(handler.Handled);
        Assert.Equal((0, 0UL), await pull.LeftAsync());
    }

    [Fact]
    public async Task Near_the_deadline_nothing_is_begun_and_all_is_given_back_at_once()
    {
        await using var pull = await NatsPull.CreateAsync(
            server.Url,
            o => o with { MinimumBatchTime = TimeSpan.FromSeconds(1), SettleMargin = TimeSpan.Zero, AckWait = TimeSpan.FromMinutes(5) },
            c => c with { MinimumHandlerTime = TimeSpan.FromMinutes(1) });
        var handler = pull.Handle();
        await pull.PublishAsync(Sample.Event("a"), Sample.Event("b"));
        var result = await pull.CreatePuller().DrainAsync(pull.Deadline(1.1), Ct);
        Assert.True(result.Messages.Retried >= 2);
        Assert.Empty(handler.Handled);

        pull.ConsumerOptions = pull.ConsumerOptions with { MinimumHandlerTime = TimeSpan.Zero };
        Assert.Equal(2, (await pull.DrainAsync()).Messages.Processed);
    }

    [Fact]
    public async Task It_waits_for_messages_until_the_deadline_where_it_is_not_told_to_stop()
    {
        await using var pull = await NatsPull.CreateAsync(
            server.Url, o => o with { StopWhenEmpty = false, MinimumBatchTime = TimeSpan.FromSeconds(1), SettleMargin = TimeSpan.Zero });
        var handler = pull.Handle();
        var draining = pull.CreatePuller().DrainAsync(pull.Deadline(6), Ct);
        await Eventually.TrueAsync(async () => (await pull.InfoAsync()).NumWaiting > 0, "a pull that waits");
        await pull.PublishAsync(Sample.Event("a"));
        await Eventually.TrueAsync(() => handler.Handled.Count == 1, "the message", TimeSpan.FromSeconds(3));
        Assert.Equal(1, (await draining).Messages.Processed);
    }

    [Fact]
    public async Task What_comes_in_the_last_second_of_a_run_is_handled_by_it_without_waiting_for_its_end()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url, o => o with { StopWhenEmpty = false });
        var handler = pull.Handle();
        var clock = new WatchedTimeProvider();
        var draining = pull.CreatePuller(clock).DrainAsync(
            WorkDeadline.After(pull.Options.MinimumBatchTime + TimeSpan.FromMilliseconds(950), clock), Ct);
        await Eventually.TrueAsync(() => clock.Timers.Count > 0, "the run to wait");
        await pull.PublishAsync(Sample.Event("a"));

        clock.Advance(TimeSpan.FromMilliseconds(500));
        await Eventually.TrueAsync(() => handler.Handled.Count == 1, "the message, in the middle of that second");
        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(100));
                return draining.IsCompleted;
            },
            "the end of the run");
        Assert.Equal(1, (await draining).Messages.Processed);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(1.1)]
    [InlineData(1.4999)]
    [InlineData(1.9)]
    [InlineData(2.0003)]
    [InlineData(3.3)]
    public async Task At_the_end_of_a_run_the_server_is_asked_for_nothing_that_it_refuses(double seconds)
    {
        await using var pull = await NatsPull.CreateAsync(
            server.Url,
            o => o with
            {
                StopWhenEmpty = false,
                MinimumBatchTime = TimeSpan.FromMilliseconds(1),
                SettleMargin = TimeSpan.Zero,
                Wait = TimeSpan.FromSeconds(5),
            });
        pull.Handle();
        Assert.False((await pull.CreatePuller().DrainAsync(pull.Deadline(seconds), Ct)).BrokerUnavailable);
    }

    [Fact]
    public async Task Of_a_group_that_failed_the_later_ones_do_not_come_before_the_first()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url, consumer: c => c with { FirstRetryDelay = TimeSpan.FromSeconds(1) });
        var order = new List<string>();
        var failed = false;
        pull.Handle((_, context, _) =>
        {
            if (context.EventId == "1" && !failed)
            {
                failed = true;
                throw new InvalidOperationException();
            }

            order.Add(context.EventId);
            return Task.CompletedTask;
        });
        await pull.PublishAsync([.. Enumerable.Range(1, 5).Select(i => Sample.Event($"{i}") with { OrderingKey = "k" })]);
        await Eventually.TrueAsync(
            async () =>
            {
                await pull.DrainAsync();
                return order.Count == 5;
            },
            "all five");
        Assert.Equal("1", order[0]);
    }

    [Fact]
    public async Task Without_its_consumer_nothing_is_pulled_and_it_says_so()
    {
        await using var pull = await NatsPull.CreateAsync(server.Url);
        pull.Options = pull.Options with { Consumer = "another", MinimumBatchTime = TimeSpan.FromSeconds(1) };
        Assert.True((await pull.CreatePuller().DrainAsync(pull.Deadline(3), Ct)).BrokerUnavailable);
    }

    private static (int Received, int Retried, int Processed) Counts(NatsPullResult result) =>
        (result.Messages.Received, result.Messages.Retried, result.Messages.Processed);
}
