using System.Text;
using Microsoft.Extensions.Primitives;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Benchmarks.Stores;

namespace Relaybox.Benchmarks.Nats;

/// <summary>Publishes by the client's own call, which subscribes anew for each answer, with a window of messages in flight.</summary>
internal sealed class ClientLoop(BenchStream stream)
{
    public const int Window = 256;

    private readonly ReadOnlyMemory<byte> _body = Encoding.UTF8.GetBytes(BenchPayload.Text);
    private readonly List<StringValues> _ids = [];

    /// <summary>Makes the ids: they are the app's.</summary>
    public void Prepare(long messages)
    {
        _ids.Clear();
        for (var i = 0; i < messages; i++)
        {
            _ids.Add(Guid.NewGuid().ToString());
        }
    }

    public async Task PublishAsync(long messages, CancellationToken cancellationToken)
    {
        var waiting = new Queue<NatsJSPublishConcurrentFuture>(Window);
        for (var i = 0; i < messages; i++)
        {
            if (waiting.Count == Window)
            {
                await SettleAsync(waiting.Dequeue(), cancellationToken);
            }

            var headers = new NatsHeaders(1) { ["Nats-Msg-Id"] = _ids[i] };
            waiting.Enqueue(await stream.Context.PublishConcurrentAsync(
                BenchStream.Subject, _body, headers: headers, cancellationToken: cancellationToken));
        }

        while (waiting.TryDequeue(out var future))
        {
            await SettleAsync(future, cancellationToken);
        }
    }

    private static async ValueTask SettleAsync(NatsJSPublishConcurrentFuture future, CancellationToken cancellationToken)
    {
        var ack = await future.GetResponseAsync(cancellationToken);
        await future.DisposeAsync();
        if (ack.Error is not null || ack.Duplicate)
        {
            throw new InvalidOperationException($"client: the answer was {ack}.");
        }
    }
}
