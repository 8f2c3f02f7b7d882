using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Local.EventSources;

namespace Relaybox.Local.Brokers.Nats;

/// <summary>
/// Looks at the stream that a function pulls from: counts what waits, and sends some of the messages once more, without
/// the id by which the stream would know the copy. It is what at-least-once delivery does now and then, done on purpose.
/// </summary>
internal sealed class JetStreamSource(Uri server, string stream, string consumer, DuplicatePlan duplicates) : IPulledSource
{
    private const string Reader = "relaybox-local-copies";
    private const string CopyHeader = "Relaybox-Local-Copy";
    private const string MessageIdHeader = "Nats-Msg-Id";
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);

    private readonly NatsConnection _connection = new(new NatsOpts { Url = server.ToString(), Name = "relaybox-local" });
    private int _inHand;

    private NatsJSContext JetStream => new(_connection);

    public async Task<int> CountAsync(CancellationToken cancellationToken)
    {
        // First what may still be copied: a copy is then among what is pulled.
        var toCopy = duplicates.IsEmpty
            ? 0
            : (int)(await JetStream.GetConsumerAsync(stream, Reader, cancellationToken)).Info.NumPending + Volatile.Read(ref _inHand);
        var pulled = await JetStream.GetConsumerAsync(stream, consumer, cancellationToken);
        return toCopy + (int)pulled.Info.NumPending + pulled.Info.NumAckPending;
    }

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (!duplicates.IsEmpty)
        {
            await JetStream.CreateOrUpdateConsumerAsync(
                stream,
                new ConsumerConfig(Reader) { AckPolicy = ConsumerConfigAckPolicy.None, DeliverPolicy = ConsumerConfigDeliverPolicy.All },
                cancellationToken);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!duplicates.IsEmpty && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                var reader = await JetStream.GetConsumerAsync(stream, Reader, cancellationToken);
                while (true)
                {
                    if (await reader.NextAsync<byte[]>(
                        opts: new NatsJSNextOpts { Expires = Wait }, cancellationToken: cancellationToken) is { } message)
                    {
                        Interlocked.Increment(ref _inHand);
                        try
                        {
                            await CopyAsync(message, cancellationToken);
                        }
                        finally
                        {
                            Interlocked.Decrement(ref _inHand);
                        }
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // Stopped, or a call took too long.
            }
            catch (NatsException)
            {
                // The server is away; a copy that was not made is none that anybody waits for.
                await Task.Delay(Wait, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task CopyAsync(INatsJSMsg<byte[]> message, CancellationToken cancellationToken)
    {
        if (message.Headers?.ContainsKey(CopyHeader) == true || !duplicates.Choose())
        {
            return;
        }

        var headers = new NatsHeaders { [CopyHeader] = "1" };
        foreach (var (name, values) in message.Headers ?? [])
        {
            if (name != MessageIdHeader)
            {
                headers[name] = values;
            }
        }

        await JetStream.PublishAsync(message.Subject, message.Data, headers: headers, cancellationToken: cancellationToken);
        duplicates.Count(1);
    }
}
