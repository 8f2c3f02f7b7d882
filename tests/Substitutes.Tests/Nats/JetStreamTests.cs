using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats;

public class JetStreamTests(NatsServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_published_comes_out_of_a_pull_as_it_went_in()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context);
        var ack = await context.PublishAsync(
            $"{stream}.a", Streams.Bytes("héllo\r\nPUB x 1\r\n"), headers: new NatsHeaders { ["X-One"] = "é \U0001F680", ["Empty"] = "" }, cancellationToken: Ct);
        Assert.Equal((stream, 1UL, false), (ack.Stream, ack.Seq, ack.Duplicate));

        var consumer = await Streams.ConsumerAsync(context, stream);
        var message = Assert.Single(await Streams.TakeAsync(consumer, 10));
        Assert.Equal($"{stream}.a", message.Subject);
        Assert.Equal("héllo\r\nPUB x 1\r\n", Encoding.UTF8.GetString(message.Data!));
        Assert.Equal("é \U0001F680", message.Headers!["X-One"]);
        Assert.Equal("", message.Headers!["Empty"]);
        var metadata = message.Metadata!.Value;
        Assert.Equal((stream, "c", 1UL, 1UL, 1UL), (metadata.Stream, metadata.Consumer, metadata.Sequence.Stream, metadata.Sequence.Consumer, metadata.NumDelivered));
        Assert.InRange(metadata.Timestamp, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task The_streams_that_take_something_of_a_subject_are_listed()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context);
        foreach (var (subject, expected) in new[] { ($"{stream}.a", 1), ($"{stream}.>", 1), (">", 1), ($"{stream}-other.a", 0) })
        {
            var names = new List<string>();
            await foreach (var name in context.ListStreamNamesAsync(subject, Ct))
            {
                names.Add(name);
            }

            Assert.Equal(expected, names.Count(name => name == stream));
        }
    }

    [Fact]
    public async Task The_same_message_id_is_stored_once_and_said_to_be_a_duplicate()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context);
        var opts = new NatsJSPubOpts { MsgId = "one" };
        Assert.False((await context.PublishAsync($"{stream}.a", Streams.Bytes("1"), opts: opts, cancellationToken: Ct)).Duplicate);
        var second = await context.PublishAsync($"{stream}.a", Streams.Bytes("2"), opts: opts, cancellationToken: Ct);
        Assert.Equal((true, 1UL), (second.Duplicate, second.Seq));
        Assert.Equal(1, (await context.GetStreamAsync(stream, cancellationToken: Ct)).Info.State.Messages);
    }

    [Fact]
    public async Task Thousands_in_flight_are_stored_in_order_and_each_gets_its_own_answer()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var stream = await Streams.CreateAsync(context);
        var futures = new List<NatsJSPublishConcurrentFuture>();
        for (var i = 0; i < 5000; i++)
        {
            futures.Add(await context.PublishConcurrentAsync($"{stream}.{i}", Streams.Bytes($"{i}"), cancellationToken: Ct));
        }

        for (var i = 0; i < futures.Count; i++)
        {
            Assert.Equal((ulong)i + 1, (await futures[i].GetResponseAsync(Ct)).Seq);
        }

        var consumer = await Streams.ConsumerAsync(context, stream, c => c with { MaxAckPending = 10_000 });
        var taken = await Streams.TakeAsync(consumer, 5000, ack: false);
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"{stream}.{i}"), taken.Select(message => message.Subject));
    }

    [Fact]
    public async Task A_subject_without_a_stream_has_no_responders()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        await using var future = await context.PublishConcurrentAsync(NatsServer.UniqueName("none"), Streams.Bytes("x"), cancellationToken: Ct);
        await Assert.ThrowsAsync<NatsNoRespondersException>(async () => await future.GetResponseAsync(Ct));
        await Assert.ThrowsAsync<NatsJSPublishNoResponseException>(async () => await context.PublishAsync(
            NatsServer.UniqueName("none"), Streams.Bytes("x"), opts: new NatsJSPubOpts { RetryWaitBetweenAttempts = TimeSpan.FromMilliseconds(1) }, cancellationToken: Ct));
    }

    [Fact]
    public async Task An_error_of_the_api_names_its_code()
    {
        await using var connection = Streams.Connect(server.Url);
        var context = new NatsJSContext(connection);
        var missing = await Assert.ThrowsAsync<NatsJSApiException>(async () => await context.GetStreamAsync("missing", cancellationToken: Ct));
        Assert.Equal((404, 10059), (missing.Error.Code, missing.Error.ErrCode));
        var stream = await Streams.CreateAsync(context);
        var consumer = await Assert.ThrowsAsync<NatsJSApiException>(async () => await context.GetConsumerAsync(stream, "missing", Ct));
        Assert.Equal(404, consumer.Error.Code);
    }
}
