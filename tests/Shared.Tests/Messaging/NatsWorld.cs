using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A stream of its own, with dead letters of its own, for one test.</summary>
internal sealed class NatsWorld(string url) : IAsyncDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The stream's name, and the prefix of its subjects.</summary>
    internal string Name { get; } = NatsServer.UniqueName();

    internal string DeadName => $"{Name}-dead";

    internal NatsConnector Connector { get; } = Connect(url);

    internal RecordingLogger<NatsMessagePublisher> PublisherLog { get; } = new();

    internal static NatsConnector Connect(string url, Func<NatsConnectionOptions, NatsConnectionOptions>? configure = null)
    {
        var options = new NatsConnectionOptions { Url = url };
        return new NatsConnector(
            configure is null ? options : configure(options), TimeProvider.System, NullLogger<NatsConnector>.Instance);
    }

    internal NatsStreams CreateStreams(RecordingLogger<NatsStreams>? log = null) =>
        new(Connector, log is null ? NullLogger<NatsStreams>.Instance : log);

    internal NatsStreamOptions StreamOptions() => new() { Name = Name, Subjects = [$"{Name}.>"] };

    internal Task CreateStreamAsync() => CreateStreams().EnsureAsync(StreamOptions(), Ct);

    internal NatsMessagePublisher CreatePublisher(IMessageFormat? format = null, NatsConnector? connector = null) => new(
        connector ?? Connector,
        format ?? new EnvelopeFormat(),
        new NatsPublisherOptions { SubjectPrefix = Name },
        TimeProvider.System,
        PublisherLog);

    internal async Task<NatsJSContext> ContextAsync() => (await Connector.OpenAsync(Ct)).JetStream;

    internal async Task<StreamInfo> InfoAsync(string? stream = null) =>
        (await (await ContextAsync()).GetStreamAsync(stream ?? Name, cancellationToken: Ct)).Info;

    /// <summary>Takes what a stream holds, in its order.</summary>
    internal async Task<List<INatsJSMsg<byte[]>>> TakeAsync(int most, string? stream = null)
    {
        var context = await ContextAsync();
        var consumer = await context.CreateOrUpdateConsumerAsync(
            stream ?? Name, new ConsumerConfig(NatsServer.UniqueName("c")) { MaxAckPending = 10_000 }, Ct);
        var taken = new List<INatsJSMsg<byte[]>>();
        await foreach (var message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = most }, cancellationToken: Ct))
        {
            taken.Add(message);
        }

        return taken;
    }

    // The streams stay: this server trips over creating one while it deletes another, and its storage goes with it.
    public ValueTask DisposeAsync() => Connector.DisposeAsync();
}
