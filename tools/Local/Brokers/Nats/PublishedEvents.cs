using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Relaybox.Local.Brokers.Nats;

/// <summary>Reads what a stream holds, in its order.</summary>
internal static class PublishedEvents
{
    private const int AtOnce = 500;

    /// <summary>The ids of the stream's events; one for each copy.</summary>
    public static async IAsyncEnumerable<string> ReadAsync(Uri server, string stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var connection = new NatsConnection(new NatsOpts { Url = server.ToString(), Name = "relaybox-chaos" });
        var context = new NatsJSContext(connection);
        var reader = await context.CreateOrUpdateConsumerAsync(
            stream,
            new ConsumerConfig("relaybox-chaos") { AckPolicy = ConsumerConfigAckPolicy.None, DeliverPolicy = ConsumerConfigDeliverPolicy.All },
            cancellationToken);
        while (true)
        {
            var count = 0;
            await foreach (var message in reader.FetchNoWaitAsync<byte[]>(
                new NatsJSFetchOpts { MaxMsgs = AtOnce }, cancellationToken: cancellationToken))
            {
                count++;
                if (message.Headers is { } headers && headers.TryGetLastValue("Relaybox-Event-Id", out var id) && id is not null)
                {
                    yield return id;
                }
            }

            if (count == 0)
            {
                yield break;
            }
        }
    }
}
