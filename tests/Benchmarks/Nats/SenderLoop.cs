using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;
using NATS.Client.Core;
using Relaybox.Benchmarks.Stores;
using Relaybox.Nats;

namespace Relaybox.Benchmarks.Nats;

/// <summary>Publishes as the product does, without its formats: one subscription for all answers, with a window of messages in flight.</summary>
internal sealed class SenderLoop(BenchStream stream) : IAsyncDisposable
{
    private readonly NatsConnector _connector = new(
        new NatsConnectionOptions { Url = stream.Url }, TimeProvider.System, NullLogger<NatsConnector>.Instance);

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
        var session = await _connector.OpenAsync(cancellationToken);
        var waiting = new Queue<NatsPublication>(ClientLoop.Window);
        for (var i = 0; i < messages; i++)
        {
            if (waiting.Count == ClientLoop.Window)
            {
                await SettleAsync(waiting.Dequeue());
            }

            var headers = new NatsHeaders(1) { ["Nats-Msg-Id"] = _ids[i] };
            waiting.Enqueue(await session.PublishAsync(BenchStream.Subject, _body, headers, cancellationToken));
        }

        while (waiting.TryDequeue(out var publication))
        {
            await SettleAsync(publication);
        }

        async ValueTask SettleAsync(NatsPublication publication)
        {
            var answer = await session.AnswerAsync(publication, cancellationToken);
            if (answer.Kind != NatsAnswerKind.Accepted)
            {
                throw new InvalidOperationException($"sender: the answer was {answer}.");
            }
        }
    }

    public ValueTask DisposeAsync() => _connector.DisposeAsync();
}
