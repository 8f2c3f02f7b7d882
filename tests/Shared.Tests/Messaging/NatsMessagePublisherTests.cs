using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

public class NatsMessagePublisherTests(NatsServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_acknowledgements_are_lost_the_outcome_is_unknown_and_a_second_attempt_stores_nothing_twice()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url, o => o with { RequestTimeout = TimeSpan.FromMilliseconds(500) });
        var publisher = world.CreatePublisher(connector: connector);
        Assert.Equal(PublishStatus.Accepted, (await publisher.PublishAsync([Sample.Event("first")], Ct))[0].Status);

        var events = Enumerable.Range(0, 20).Select(i => Sample.Event($"e-{i}")).ToList();
        proxy.SwallowAnswers();
        Assert.All(
            await publisher.PublishAsync(events, Ct),
            outcome => Assert.Equal((PublishStatus.Unknown, ErrorCodes.PublishUnknown), (outcome.Status, outcome.Code)));
        Assert.Equal(21, (await world.InfoAsync()).State.Messages);

        proxy.Cut();
        await AssertAllAcceptedInTheEndAsync(publisher, events);
        Assert.Equal(21, (await world.InfoAsync()).State.Messages);
        Assert.Equal(20, world.PublisherLog.Lines.Count(line => line.StartsWith("1503 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Over_a_connection_that_never_acknowledged_anything_silence_is_an_outage()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url, o => o with { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        var publisher = world.CreatePublisher(connector: connector);
        await connector.OpenAsync(Ct);
        proxy.SwallowAnswers();
        var outcomes = await publisher.PublishAsync([Sample.Event("a"), Sample.Event("b")], Ct);
        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));
        Assert.All(outcomes, outcome => Assert.Contains("may have it", outcome.Detail, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(700)]
    [InlineData(5_000)]
    [InlineData(12_345)]
    [InlineData(40_000)]
    public async Task Wherever_the_connection_is_cut_what_is_accepted_is_stored_and_the_rest_is_stored_once_in_the_end(int bytes)
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url);
        var publisher = world.CreatePublisher(connector: connector);
        await publisher.PublishAsync([Sample.Event("first")], Ct);

        var events = Enumerable.Range(0, 200).Select(i => Sample.Event($"e-{i}")).ToList();
        proxy.CutAfter(bytes);
        var outcomes = await publisher.PublishAsync(events, Ct);
        Assert.Contains(outcomes, outcome => outcome.Status != PublishStatus.Accepted);
        Assert.DoesNotContain(outcomes, outcome => outcome.Status == PublishStatus.Rejected);
        var stored = (await world.TakeAsync(300)).Select(message => message.Headers![NatsHeaderNames.EventId].ToString()).ToHashSet();
        Assert.All(events.Zip(outcomes), pair => Assert.True(pair.Second.Status != PublishStatus.Accepted || stored.Contains(pair.First.EventId)));
        Assert.All(
            events.Zip(outcomes), pair => Assert.True(pair.Second.Status != PublishStatus.Unavailable || !stored.Contains(pair.First.EventId)));

        await AssertAllAcceptedInTheEndAsync(
            publisher, [.. events.Zip(outcomes).Where(pair => pair.Second.Status != PublishStatus.Accepted).Select(pair => pair.First)]);
        Assert.Equal(201, (await world.InfoAsync()).State.Messages);
    }

    [Fact]
    public async Task A_batch_is_stored_in_its_order_however_few_may_be_in_flight()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        var events = Enumerable.Range(0, 1_000).Select(i => Sample.Event($"e-{i}")).ToList();
        var publisher = new NatsMessagePublisher(
            world.Connector, new EnvelopeFormat(), new NatsPublisherOptions { SubjectPrefix = world.Name, MaxInFlight = 16 },
            TimeProvider.System, world.PublisherLog);
        Assert.All(await publisher.PublishAsync(events, Ct), outcome => Assert.Equal(PublishOutcome.Accepted, outcome));
        Assert.Equal(events.Select(e => e.EventId), (await world.TakeAsync(1_000)).Select(m => m.Headers![NatsHeaderNames.MessageId].ToString()));
    }

    [Fact]
    public async Task A_connection_that_died_in_a_pause_is_replaced_before_anything_is_sent()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        await using var proxy = new NatsProxy(server.Port);
        var clock = new SkippingTimeProvider();
        var log = new RecordingLogger<NatsConnector>();
        await using var connector = new NatsConnector(
            new NatsConnectionOptions { Url = proxy.Url, ProbeTimeout = TimeSpan.FromMilliseconds(200) }, clock, log);
        var publisher = world.CreatePublisher(connector: connector);
        await publisher.PublishAsync([Sample.Event("a")], Ct);

        proxy.SwallowAnswers();
        clock.Skip(TimeSpan.FromMinutes(1));
        Assert.Equal(PublishOutcome.Accepted, (await publisher.PublishAsync([Sample.Event("b")], Ct))[0]);
        // The official client may try the dead one again meanwhile.
        Assert.InRange(proxy.Connections, 2, 3);
        Assert.Contains(log.Lines, line => line.StartsWith("1502 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_stream_for_a_subject_the_operator_is_told_which_and_others_are_stored()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreams().EnsureAsync(world.StreamOptions() with { Subjects = [$"{world.Name}.orders.>"] }, Ct);
        var outcomes = await world.CreatePublisher().PublishAsync(
            [Sample.Event("a"), Sample.Event("b", subject: "payments.made"), Sample.Event("c"), Sample.Event("d")], Ct);

        // The row's own fault: it is retried and parked in the end, and no outage for the others.
        Assert.Equal(
            [PublishStatus.Accepted, PublishStatus.Unknown, PublishStatus.Accepted, PublishStatus.Accepted], outcomes.Select(o => o.Status));
        Assert.Contains($"'{world.Name}.payments.made'", outcomes[1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subject_without_a_stream_is_its_rows_own_fault_alone_as_well_and_an_outage_while_there_is_no_stream_at_all()
    {
        await using var world = new NatsWorld(server.Url);
        var publisher = world.CreatePublisher();
        OutboxEvent[] lone = [Sample.Event("b", subject: "payments.made"), Sample.Event("c", subject: "payments.made")];
        Assert.All(await publisher.PublishAsync(lone, Ct), outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));

        await world.CreateStreams().EnsureAsync(world.StreamOptions() with { Subjects = [$"{world.Name}.orders.>"] }, Ct);
        Assert.All(await publisher.PublishAsync(lone, Ct), outcome => Assert.Equal(PublishStatus.Unknown, outcome.Status));
    }

    [Fact]
    public async Task A_subject_without_permission_is_its_rows_own_fault_alone_and_told_in_the_servers_words()
    {
        await using var own = await NatsServer.StartAsync(
            """
            authorization { users: [
              { user: admin, password: pw }
              { user: app, password: pw, permissions: { publish: ["*.orders.>", "$JS.API.>"], subscribe: "_INBOX.>" } } ] }
            """);
        await using var world = new NatsWorld(own.Url.Replace("nats://", "nats://admin:pw@", StringComparison.Ordinal));
        await world.CreateStreamAsync();
        await using var connector = NatsWorld.Connect(own.Url, o => o with { Username = "app", Password = "pw" });
        var publisher = world.CreatePublisher(connector: connector);
        OutboxEvent[] lone = [Sample.Event("b", subject: "payments.made")];
        var alone = Assert.Single(await publisher.PublishAsync(lone, Ct));
        Assert.Equal(PublishStatus.Unknown, alone.Status);
        Assert.Contains("Permissions Violation for Publish", alone.Detail, StringComparison.Ordinal);

        var outcomes = await publisher.PublishAsync([Sample.Event("a"), .. lone, Sample.Event("c")], Ct);
        Assert.Equal([PublishStatus.Accepted, PublishStatus.Unknown, PublishStatus.Accepted], outcomes.Select(o => o.Status));
        Assert.Contains($"'{world.Name}.payments.made'", outcomes[1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_stream_is_an_outage_and_a_message_beyond_its_limit_is_rejected()
    {
        await using var world = new NatsWorld(server.Url);
        var context = await world.ContextAsync();
        await context.CreateStreamAsync(
            new StreamConfig(world.Name, [$"{world.Name}.>"]) { MaxMsgs = 1, MaxMsgSize = 2_000, Discard = StreamConfigDiscard.New, NumReplicas = 1 },
            Ct);
        var outcomes = await world.CreatePublisher().PublishAsync(
            [Sample.Event("a"), Sample.Event("b"), Sample.Event("c", new string('x', 3_000))], Ct);
        Assert.Equal([PublishStatus.Accepted, PublishStatus.Unavailable, PublishStatus.Rejected], outcomes.Select(o => o.Status));
        Assert.Contains("maximum messages exceeded", outcomes[1].Detail, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.MessageTooLarge, outcomes[2].Code);
    }

    [Fact]
    public async Task At_the_deadline_it_ends_and_nothing_counts_as_an_attempt()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(1) });
        var publisher = world.CreatePublisher(connector: connector);
        await publisher.PublishAsync([Sample.Event("first")], Ct);
        proxy.SwallowAnswers();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var outcomes = await publisher.PublishAsync([.. Enumerable.Range(0, 300).Select(i => Sample.Event($"e-{i}"))], deadline.Token);
        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));
        Assert.Contains("may have", outcomes[0].Detail, StringComparison.Ordinal);
        Assert.Contains("before the message was sent", outcomes[299].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_reads_nothing_any_more_holds_up_a_batch_until_its_deadline_and_no_longer()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        await using var proxy = new NatsProxy(server.Port);
        await using var connector = NatsWorld.Connect(proxy.Url, o => o with { RequestTimeout = TimeSpan.FromMinutes(5) });
        var publisher = world.CreatePublisher(connector: connector);
        await publisher.PublishAsync([Sample.Event("first")], Ct);
        proxy.StopReading();

        // More than all buffers on the way hold.
        var payload = new string('x', 500_000);
        var events = Enumerable.Range(0, 100).Select(i => Sample.Event($"e-{i}", payload)).ToList();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var outcomes = await publisher.PublishAsync(events, deadline.Token);
        Assert.All(outcomes, outcome => Assert.Equal(PublishStatus.Unavailable, outcome.Status));
        Assert.Contains("may have", outcomes[0].Detail, StringComparison.Ordinal);
        Assert.Contains("before the message was sent", outcomes[99].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_an_outage_the_same_publisher_goes_on()
    {
        await using var own = await NatsServer.StartAsync();
        await using var world = new NatsWorld(own.Url);
        await world.CreateStreamAsync();
        var publisher = world.CreatePublisher();
        Assert.Equal(PublishOutcome.Accepted, (await publisher.PublishAsync([Sample.Event("a")], Ct))[0]);
        await own.StopAtOnceAsync();
        Assert.NotEqual(PublishStatus.Accepted, (await publisher.PublishAsync([Sample.Event("b")], Ct))[0].Status);
        Assert.Equal(PublishStatus.Unavailable, (await publisher.PublishAsync([Sample.Event("b")], Ct))[0].Status);
        await own.StartAgainAsync();
        await AssertAllAcceptedInTheEndAsync(publisher, [Sample.Event("b")]);
        Assert.Equal(2, (await world.InfoAsync()).State.Messages);
    }

    [Fact]
    public async Task What_the_server_would_take_for_an_order_to_itself_arrives_as_it_was_written()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();

        // The danger is real: the name of a header in another's value hides the header, and a copy is stored twice.
        var context = await world.ContextAsync();
        for (var i = 0; i < 2; i++)
        {
            var ack = await context.PublishAsync(
                $"{world.Name}.x",
                (ReadOnlyMemory<byte>)"x"u8.ToArray(),
                headers: new NatsHeaders { ["X-Text"] = "see Nats-Msg-Id:1", [NatsHeaderNames.MessageId] = "same" },
                cancellationToken: Ct);
            Assert.False(ack.Duplicate);
        }

        var events = new List<OutboxEvent>();
        foreach (var (id, name, value) in new[]
        {
            ("1", "X-Text", "see Nats-Expected-Stream:other"), ("2", "X-Nats-Msg-Id", "1"), ("3", "X-Text", "Nats-Msg-Id:1"),
            ("4", "X-Text", "Nats-Rollup:all"), ("5", "X-Text", " spaces "), ("6", "Relaybox-Format", "other"), (" 1", "x", "y"), ("1 ", "x", "y"),
            ("Nats-Msg-Id:1", "x", "y"), ("X Nats-Expected-Stream:other", "x", "y"), ("7", "nats-msg-id-x", "NATS-MSG-ID: 1"), ("8", "X-Text", ""),
            ("\u00a09", "x", "\u00a0"),
        })
        {
            events.Add(
                Sample.Event(id) with
                {
                    Headers = new Dictionary<string, string> { [name] = value, ["x-text"] = "lower", ["Plain"] = "é" },
                    OrderingKey = " Nats-Rollup:all ",
                    Result = "[1]",
                });
        }

        foreach (var format in new[] { RawFormat.FormatName, EnvelopeFormat.FormatName })
        {
            await using var own = new NatsWorld(server.Url);
            await own.CreateStreamAsync();
            var outcomes = await own.CreatePublisher(MessageFormats.Get(format)).PublishAsync(events, Ct);
            Assert.All(outcomes, outcome => Assert.Equal(PublishOutcome.Accepted, outcome));

            // Each is known again, and only itself.
            Assert.All(
                await own.CreatePublisher(MessageFormats.Get(format)).PublishAsync(events, Ct),
                outcome => Assert.Equal(PublishOutcome.KnownCopy, outcome));
            var read = (await own.TakeAsync(100)).ConvertAll(message => PulledMessage.Read(message, message.Metadata!.Value).Event);
            Assert.Equal(events.Count, read.Count);
            foreach (var (written, arrived) in events.Zip(read))
            {
                Assert.Equal(written with { Headers = arrived.Headers }, arrived);
                Assert.Equal(
                    written.Headers.OrderBy(h => h.Key, StringComparer.Ordinal), arrived.Headers.OrderBy(h => h.Key, StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public async Task Header_values_and_payloads_are_in_no_log_and_no_outcome()
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        var canary = Sample.Event("a", "\"hunter2\"") with { Headers = new Dictionary<string, string> { ["x"] = "hunter2" } };
        var outcomes = new List<PublishOutcome>();
        outcomes.AddRange(
            await world.CreatePublisher().PublishAsync([canary, canary, canary with { Payload = "hunter2" + new string('x', 1_100_000) }], Ct));
        outcomes.AddRange(await new NatsMessagePublisher(
            world.Connector, new EnvelopeFormat(), new NatsPublisherOptions { SubjectPrefix = "nowhere" },
            TimeProvider.System, world.PublisherLog).PublishAsync([canary], Ct));
        Assert.NotEmpty(world.PublisherLog.Lines);
        Assert.DoesNotContain(world.PublisherLog.Lines, line => line.Contains("hunter2", StringComparison.Ordinal));
        Assert.DoesNotContain(outcomes, outcome => $"{outcome}".Contains("hunter2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Memory_that_runs_out_is_no_outage_of_the_server(bool wrapped, bool flowing)
    {
        await using var world = new NatsWorld(server.Url);
        await world.CreateStreamAsync();
        var publisher = world.CreatePublisher(new FailingFormat(
            () => wrapped ? new NatsException("the connection was lost", new OutOfMemoryException()) : new OutOfMemoryException()));
        var thrown = await Record.ExceptionAsync(() => flowing
            ? ((IFlowPublisher)publisher).PublishAsync(new WholeBatch([Sample.Event("a")]), Ct)
            : publisher.PublishAsync([Sample.Event("a")], Ct));
        Assert.True(thrown is not null, "The events were answered as if the server were away.");
        Assert.Equal("System.OutOfMemoryException", FailureText.NameOf(thrown));
    }

    private sealed class FailingFormat(Func<Exception> failure) : IMessageFormat
    {
        public string Name => EnvelopeFormat.FormatName;

        public void Write(OutboxEvent outboxEvent, IBufferWriter<byte> output) => throw failure();

        public MessageAttributes AttributesOf(OutboxEvent outboxEvent) => throw failure();

        public OutboxEvent Read(ReadOnlyMemory<byte> body, MessageAttributes attributes) => throw failure();
    }

    private static async Task AssertAllAcceptedInTheEndAsync(NatsMessagePublisher publisher, IReadOnlyList<OutboxEvent> events) =>
        await Eventually.TrueAsync(
            async () => (await publisher.PublishAsync(events, Ct)).All(outcome => outcome.Status == PublishStatus.Accepted), "all to be accepted");
}
