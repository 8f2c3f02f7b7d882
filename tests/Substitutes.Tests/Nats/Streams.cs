using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats;

/// <summary>Connections and streams for tests.</summary>
internal static class Streams
{
    internal static NatsOpts Options(string url) => new()
    {
        Url = url,
        Name = "tests",
        HeaderEncoding = Encoding.UTF8,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        ReconnectWaitMin = TimeSpan.FromMilliseconds(20),
        ReconnectWaitMax = TimeSpan.FromMilliseconds(200),
    };

    internal static NatsConnection Connect(string url, Func<NatsOpts, NatsOpts>? configure = null) =>
        new(configure is null ? Options(url) : configure(Options(url)));

    /// <summary>A stream of its own for everything under a token of its own.</summary>
    internal static async Task<string> CreateAsync(NatsJSContext context, Func<StreamConfig, StreamConfig>? configure = null)
    {
        var name = NatsServer.UniqueName();
        var config = new StreamConfig(name, [$"{name}.>"]) { Storage = StreamConfigStorage.Memory, NumReplicas = 1 };
        await context.CreateStreamAsync(configure is null ? config : configure(config));
        return name;
    }

    internal static ValueTask<INatsJSConsumer> ConsumerAsync(
        NatsJSContext context, string stream, Func<ConsumerConfig, ConsumerConfig>? configure = null)
    {
        var config = new ConsumerConfig("c") { AckWait = TimeSpan.FromSeconds(30) };
        return context.CreateOrUpdateConsumerAsync(stream, configure is null ? config : configure(config));
    }

    internal static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    internal static async Task<List<NatsJSMsg<byte[]>>> TakeAsync(INatsJSConsumer consumer, int most, bool ack = true)
    {
        var taken = new List<NatsJSMsg<byte[]>>();
        await foreach (var message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = most }))
        {
            taken.Add(message);
            if (ack)
            {
                await message.AckAsync(new AckOpts { DoubleAck = true });
            }
        }

        return taken;
    }
}
