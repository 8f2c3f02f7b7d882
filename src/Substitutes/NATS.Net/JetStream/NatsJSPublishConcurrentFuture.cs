using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.Core.Internal;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <summary>A message that is on its way. Dispose it, whether the response was awaited or not.</summary>
public readonly struct NatsJSPublishConcurrentFuture : IAsyncDisposable
{
    private readonly NatsConnection _connection;
    private readonly ReplySlot _slot;
    private readonly uint _generation;

    internal NatsJSPublishConcurrentFuture(NatsConnection connection, ReplySlot slot, uint generation)
    {
        _connection = connection;
        _slot = slot;
        _generation = generation;
    }

    /// <exception cref="NatsNoRespondersException">No stream listens to the subject.</exception>
    /// <exception cref="NatsJSPublishNoResponseException">No answer came in time.</exception>
    /// <exception cref="NatsException">The connection was lost before the answer came.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<PubAckResponse> GetResponseAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var reply = await _connection.WaitForReplyAsync(_slot, _generation, cancellationToken);
            return reply.NoResponders ? throw new NatsNoRespondersException() : (PubAckResponse)reply.Value!;
        }
        catch (NatsNoReplyException)
        {
            throw new NatsJSPublishNoResponseException();
        }
    }

    public ValueTask DisposeAsync()
    {
        _connection?.Abandon(_slot, _generation);
        return ValueTask.CompletedTask;
    }
}
