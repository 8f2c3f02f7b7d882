using System.Collections.Concurrent;
using System.Text;
using NATS.Client.Core.Internal;

namespace NATS.Client.Core;

/// <content>One inbox for the answers to all requests, and subjects of their own for pulls.</content>
public partial class NatsConnection
{
    private const long InboxSid = 1;

    private static readonly ReplyReader CopyPayload = static payload => payload.ToArray();

    private readonly byte[] _inbox;
    private readonly PendingReplies _replies;
    private readonly ConcurrentDictionary<long, Subscription> _subscriptions = new();
    private long _lastSid = InboxSid;

    void ILinkHandler.OnMessage(in Frame frame)
    {
        if (frame.Sid == InboxSid)
        {
            if (frame.Subject.StartsWith(_inbox))
            {
                _replies.Complete(frame.Subject[_inbox.Length..], frame.Headers, frame.Payload);
            }
        }
        else if (_subscriptions.TryGetValue(frame.Sid, out var subscription))
        {
            subscription.Add(new ReceivedMessage(
                Encoding.UTF8.GetString(frame.Subject),
                frame.ReplyTo.IsEmpty ? null : Encoding.UTF8.GetString(frame.ReplyTo),
                frame.Headers.IsEmpty ? null : HeaderBlock.Parse(frame.Headers, Opts.HeaderEncoding),
                frame.Payload.ToArray()));
        }
    }

    void ILinkHandler.OnServerError(NatsServerException error)
    {
        // Permissions Violation for Publish to "subject": that request gets no other answer.
        const string Violation = "permissions violation for publish to \"";
        if (error.Error.StartsWith(Violation, StringComparison.Ordinal) && error.Message.LastIndexOf('"') is var end)
        {
            var start = error.Message.IndexOf('"') + 1;
            if (end > start)
            {
                _replies.FailAll(error, error.Message[start..end]);
            }
        }
    }

    /// <summary>Sends a request. When this returns it is on its way, in the order of the calls, and will not be sent again.</summary>
    /// <exception cref="NatsException">It was not sent, and nothing of it ever will be.</exception>
    internal async ValueTask<(ReplySlot Slot, uint Generation)> SendRequestAsync(
        string subject, ReadOnlyMemory<byte> payload, NatsHeaders? headers, ReplyReader reader, CancellationToken cancellationToken)
    {
        var link = await GetReadyLinkAsync(cancellationToken);
        var (slot, generation) = _replies.Rent(subject, reader);
        try
        {
            Append(link, slot, generation, subject, payload.Span, headers);
            return (slot, generation);
        }
        catch
        {
            _replies.Release(slot, generation);
            throw;
        }
    }

    /// <summary>Waits for the answer to a request.</summary>
    /// <exception cref="NatsNoReplyException">It did not come in time.</exception>
    /// <exception cref="NatsException">The connection was lost before it came.</exception>
    internal async ValueTask<Reply> WaitForReplyAsync(ReplySlot slot, uint generation, CancellationToken cancellationToken)
    {
        var reply = slot.Task;
        if (reply.IsCompleted || !cancellationToken.CanBeCanceled)
        {
            return await reply;
        }

        using (cancellationToken.UnsafeRegister(
            (state, token) => _replies.Fail((ReplySlot)state!, generation, new OperationCanceledException(token)), slot))
        {
            return await reply;
        }
    }

    internal void Abandon(ReplySlot slot, uint generation) => _replies.Release(slot, generation);

    /// <summary>Sends a request, and waits for its answer.</summary>
    internal async ValueTask<byte[]> RequestAsync(string subject, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var (slot, generation) = await SendRequestAsync(subject, payload, null, CopyPayload, cancellationToken);
        var reply = await WaitForReplyAsync(slot, generation, cancellationToken);
        return reply.NoResponders ? throw new NatsNoRespondersException() : (byte[])reply.Value!;
    }

    /// <summary>Sends a message that nobody answers, or whose answers go to a subscription.</summary>
    internal async ValueTask SendAsync(
        string subject, ReadOnlyMemory<byte> payload, string? replyTo, CancellationToken cancellationToken)
    {
        var link = await GetReadyLinkAsync(cancellationToken);
        var inbox = replyTo is null ? [] : Encoding.ASCII.GetBytes(replyTo);
        Append(link, new PublishOperation(subject, inbox, default, null, Opts.HeaderEncoding, payload.Span));
    }

    internal async ValueTask<Subscription> SubscribeAsync(CancellationToken cancellationToken)
    {
        var link = await GetReadyLinkAsync(cancellationToken);
        var sid = Interlocked.Increment(ref _lastSid);
        var subscription = new Subscription(sid, $"{Opts.InboxPrefix}.{NewId()}");
        _subscriptions[sid] = subscription;
        if (!link.Output.TryAppend(Encoding.ASCII.GetBytes($"SUB {subscription.Subject} {sid}\r\n")))
        {
            _subscriptions.TryRemove(sid, out _);
            throw new NatsException("The connection was lost.");
        }

        return subscription;
    }

    internal void Unsubscribe(Subscription subscription)
    {
        if (_subscriptions.TryRemove(subscription.Sid, out _))
        {
            ServerLink? link;
            lock (_gate)
            {
                link = _link;
            }

            link?.Output.TryAppend(Encoding.ASCII.GetBytes($"UNSUB {subscription.Sid}\r\n"));
        }

        subscription.Complete();
    }

    private async ValueTask<ServerLink> GetReadyLinkAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var link = await GetLinkAsync(cancellationToken);
        return await link.Output.WaitForRoomAsync(cancellationToken) ? link : throw new NatsException("The connection was lost.");
    }

    private void Append(
        ServerLink link, ReplySlot slot, uint generation, string subject, ReadOnlySpan<byte> payload, NatsHeaders? headers)
    {
        Span<byte> token = stackalloc byte[PendingReplies.TokenLength];
        PendingReplies.WriteToken(slot, generation, token);
        Append(link, new PublishOperation(subject, _inbox, token, headers, Opts.HeaderEncoding, payload));
    }

    private static void Append(ServerLink link, scoped in PublishOperation operation)
    {
        // The server would answer by closing the connection.
        if (operation.Size > link.Info.MaxPayload)
        {
            throw new NatsPayloadTooLargeException(
                $"The message has {operation.Size} bytes with its headers; the server takes {link.Info.MaxPayload}.");
        }

        if (!link.Output.TryAppend(operation.Length, operation, PublishOperation.Write))
        {
            throw new NatsException("The connection was lost.");
        }
    }

    // What a pull has not delivered is delivered to another one.
    private void EndSubscriptions()
    {
        foreach (var subscription in _subscriptions.Values)
        {
            if (_subscriptions.TryRemove(subscription.Sid, out _))
            {
                subscription.Complete();
            }
        }
    }
}
