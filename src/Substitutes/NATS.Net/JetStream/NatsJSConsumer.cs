using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.Core.Internal;
using NATS.Client.JetStream.Internal;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

public class NatsJSConsumer : INatsJSConsumer
{
    private static readonly TimeSpan DefaultExpires = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly NatsJSContext _context;

    internal NatsJSConsumer(NatsJSContext context, ConsumerInfo info)
    {
        _context = context;
        Info = info;
    }

    public ConsumerInfo Info { get; private set; }

    public async ValueTask<NatsJSMsg<T>?> NextAsync<T>(
        INatsDeserialize<T>? serializer = default, NatsJSNextOpts? opts = default, CancellationToken cancellationToken = default)
    {
        var fetch = new NatsJSFetchOpts { MaxMsgs = 1, Expires = opts?.Expires, IdleHeartbeat = opts?.IdleHeartbeat };
        await foreach (var message in FetchAsync(fetch, serializer, cancellationToken))
        {
            return message;
        }

        return null;
    }

    public IAsyncEnumerable<NatsJSMsg<T>> FetchAsync<T>(
        NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = default, CancellationToken cancellationToken = default) =>
        PullAsync(opts, noWait: false, serializer, cancellationToken);

    public IAsyncEnumerable<NatsJSMsg<T>> FetchNoWaitAsync<T>(
        NatsJSFetchOpts opts, INatsDeserialize<T>? serializer = default, CancellationToken cancellationToken = default) =>
        PullAsync(opts, noWait: true, serializer, cancellationToken);

    public async ValueTask RefreshAsync(CancellationToken cancellationToken = default) =>
        Info = (await _context.GetConsumerAsync(Info.StreamName, Info.Name, cancellationToken)).Info;

    private async IAsyncEnumerable<NatsJSMsg<T>> PullAsync<T>(
        NatsJSFetchOpts opts, bool noWait, INatsDeserialize<T>? serializer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = ToRequest(opts, noWait);
        var subscription = await _context.Core.SubscribeAsync(cancellationToken);
        try
        {
            await _context.Core.SendAsync(
                $"{_context.Opts.Prefix}.CONSUMER.MSG.NEXT.{Info.StreamName}.{Info.Name}",
                JsonSerializer.SerializeToUtf8Bytes(request, JetStreamJson.Default.PullRequest),
                subscription.Subject,
                cancellationToken);

            // A consumer that may not deliver more before something is acknowledged leaves the pull open, without a word.
            var longest = noWait ? _context.Connection.Opts.RequestTimeout : request.Expires + Grace;
            var ends = Environment.TickCount64 + (long)longest.TotalMilliseconds;
            var left = request.Batch;
            while (left > 0 && await NextAsync(subscription, request, ends, cancellationToken) is { } message)
            {
                if (message.Subject != subscription.Subject)
                {
                    left--;
                    yield return new NatsJSMsg<T>(_context, message, Deserialize(message.Payload, serializer));
                }
                else if (IsLast(message.Headers))
                {
                    break;
                }
            }
        }
        finally
        {
            _context.Core.Unsubscribe(subscription);
        }
    }

    /// <returns>Null: nothing comes any more.</returns>
    private static async ValueTask<ReceivedMessage?> NextAsync(
        Subscription subscription, PullRequest request, long ends, CancellationToken cancellationToken)
    {
        if (subscription.Messages.TryRead(out var ready))
        {
            return ready;
        }

        // A server that lives says so twice in this time.
        var wait = TimeSpan.FromMilliseconds(Math.Max(0, ends - Environment.TickCount64));
        wait = request.IdleHeartbeat > TimeSpan.Zero && request.IdleHeartbeat * 2 < wait ? request.IdleHeartbeat * 2 : wait;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(wait);
        try
        {
            return await subscription.Messages.WaitToReadAsync(timeout.Token) && subscription.Messages.TryRead(out var message) ? message : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Reads what the server says about a pull.</summary>
    /// <exception cref="NatsJSProtocolException">It cannot be served.</exception>
    private static bool IsLast(NatsHeaders? status) => status?.Code switch
    {
        100 => false,
        404 or 408 => true,
        409 when status.MessageText.StartsWith("Message Size Exceeds MaxBytes", StringComparison.OrdinalIgnoreCase) => true,
        503 => throw new NatsJSProtocolException(503, "The consumer does not exist, or JetStream is not available"),
        { } code => throw new NatsJSProtocolException(code, status.MessageText),
        null => false,
    };

    private static PullRequest ToRequest(NatsJSFetchOpts opts, bool noWait)
    {
        if (opts.MaxMsgs is null == opts.MaxBytes is null)
        {
            throw new NatsJSException("You must set one of MaxMsgs and MaxBytes");
        }

        var expires = opts.Expires ?? DefaultExpires;
        if (expires < TimeSpan.FromSeconds(1))
        {
            throw new NatsJSException("expires must be greater than 1 second");
        }

        var idle = opts.IdleHeartbeat ?? expires / 2;
        idle = idle > TimeSpan.FromSeconds(30) ? TimeSpan.FromSeconds(30) : idle;
        return new PullRequest
        {
            Batch = opts.MaxMsgs ?? 1_000_000,
            MaxBytes = opts.MaxBytes ?? 0,
            NoWait = noWait,
            Expires = noWait ? TimeSpan.Zero : expires,
            IdleHeartbeat = noWait ? TimeSpan.Zero : idle,
        };
    }

    private static T? Deserialize<T>(byte[] payload, INatsDeserialize<T>? serializer) =>
        serializer is not null ? serializer.Deserialize(new ReadOnlySequence<byte>(payload))
        : payload.Length == 0 ? default
        : payload is T bytes ? bytes
        : throw new NatsException($"Can't deserialize {typeof(T)}");
}
