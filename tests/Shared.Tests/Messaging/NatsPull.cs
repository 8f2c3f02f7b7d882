using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A stream, a consumer of it, an inbox and handlers, for one test.</summary>
internal sealed class NatsPull : IAsyncDisposable
{
    private readonly HandlerRegistry _handlers = new("default");

    private NatsPull(NatsWorld world)
    {
        World = world;
        Options = new NatsPullOptions
        {
            Stream = world.Name, Consumer = "c", DeadLetterPrefix = world.DeadName, StopWhenEmpty = true, Wait = TimeSpan.FromSeconds(1),
        };
    }

    internal NatsWorld World { get; }

    internal NatsPullOptions Options { get; set; }

    internal ConsumerOptions ConsumerOptions { get; set; } = new() { FirstRetryDelay = TimeSpan.FromMilliseconds(100), MaxAttempts = 3 };

    internal FakeInbox Inbox { get; } = new(TimeProvider.System);

    internal InboxConsumer Consumer => new(
        Inbox, _handlers, ConsumerOptions, TimeProvider.System, SystemEntropy.Instance, ConsumerLog);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal static async Task<NatsPull> CreateAsync(
        string url, Func<NatsPullOptions, NatsPullOptions>? options = null, Func<ConsumerOptions, ConsumerOptions>? consumer = null)
    {
        var pull = new NatsPull(new NatsWorld(url));
        pull.Options = options is null ? pull.Options : options(pull.Options);
        pull.ConsumerOptions = consumer is null ? pull.ConsumerOptions : consumer(pull.ConsumerOptions);
        await pull.World.CreateStreamAsync();
        await pull.World.CreateStreams().EnsureAsync(
            new NatsStreamOptions { Name = pull.World.DeadName, Subjects = [$"{pull.World.DeadName}.>"] }, Ct);
        await pull.EnsureConsumerAsync();
        return pull;
    }

    internal Handler<string> Handle(Func<string, MessageContext, CancellationToken, Task>? handle = null)
    {
        var handler = handle is null ? new Handler<string>() : new Handler<string>(handle);
        _handlers.AddRaw("orders.>", handler);
        return handler;
    }

    internal WorkDeadline Deadline(double seconds) => WorkDeadline.After(TimeSpan.FromSeconds(seconds), TimeProvider.System);

    internal RecordingLogger<InboxConsumer> ConsumerLog { get; } = new();

    internal RecordingLogger<NatsMessagePuller> Log { get; } = new();

    internal NatsMessagePuller CreatePuller(TimeProvider? time = null) =>
        new(World.Connector, Consumer, Options, time ?? TimeProvider.System, SystemEntropy.Instance, Log);

    /// <summary>Makes the consumer, or checks it.</summary>
    internal Task EnsureConsumerAsync() => new NatsConsumers(World.Connector, NullLogger<NatsConsumers>.Instance).EnsureAsync(Options, Ct);

    internal Task<NatsPullResult> DrainAsync() => CreatePuller().DrainAsync(Deadline(30), Ct);

    /// <summary>Drains again and again, and gives the sum of all drains when it is enough.</summary>
    internal async Task<ConsumedCounts> CountUntilAsync(Func<ConsumedCounts, bool> isEnough, string what)
    {
        var total = new NatsPullResult();
        await Eventually.TrueAsync(
            async () =>
            {
                total = total.Add(await DrainAsync());
                return isEnough(total.Messages);
            },
            what);
        return total.Messages;
    }

    internal async Task PublishAsync(params OutboxEvent[] events)
    {
        var outcomes = await World.CreatePublisher().PublishAsync(events, Ct);
        Assert.All(outcomes, outcome => Assert.Equal(PublishOutcome.Accepted, outcome));
    }

    internal async Task<INatsJSMsg<byte[]>> TakeWithoutAnswerAsync()
    {
        var source = await (await World.ContextAsync()).GetConsumerAsync(Options.Stream, Options.Consumer, Ct);
        return (await source.NextAsync<byte[]>(cancellationToken: Ct))!;
    }

    internal async Task<ConsumerInfo> InfoAsync() =>
        (await (await World.ContextAsync()).GetConsumerAsync(Options.Stream, Options.Consumer, Ct)).Info;

    /// <summary>How many messages were delivered and not answered, and how many were not delivered.</summary>
    internal async Task<(int Unanswered, ulong Undelivered)> LeftAsync()
    {
        var info = await InfoAsync();
        return (info.NumAckPending, info.NumPending);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
