using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NATS.Client.Core;
using NATS.Client.Core.Internal;
using NATS.Client.JetStream.Internal;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

public partial class NatsJSContext : INatsJSContext
{
    public NatsJSContext(INatsConnection connection)
        : this(connection, new NatsJSOpts(connection.Opts))
    {
    }

    public NatsJSContext(INatsConnection connection, NatsJSOpts opts)
    {
        Connection = connection;
        Core = (NatsConnection)connection;
        Opts = opts;
    }

    public INatsConnection Connection { get; }

    public NatsJSOpts Opts { get; }

    internal NatsConnection Core { get; }

    public async ValueTask<PubAckResponse> PublishAsync<T>(
        string subject,
        T? data,
        INatsSerialize<T>? serializer = default,
        NatsJSPubOpts? opts = default,
        NatsHeaders? headers = default,
        CancellationToken cancellationToken = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var future = await PublishConcurrentAsync(subject, data, serializer, opts, headers, cancellationToken);
            try
            {
                return await future.GetResponseAsync(cancellationToken);
            }
            catch (NatsNoRespondersException)
            {
                // A stream that is changing its leader answers again soon.
                if (attempt >= (opts ?? NatsJSPubOpts.Default).RetryAttempts)
                {
                    throw new NatsJSPublishNoResponseException();
                }
            }

            await Task.Delay((opts ?? NatsJSPubOpts.Default).RetryWaitBetweenAttempts, cancellationToken);
        }
    }

    /// <summary>Sends a message. When this returns it is on its way, in the order of the calls.</summary>
    /// <exception cref="NatsException">It was not sent, and never will be.</exception>
    public async ValueTask<NatsJSPublishConcurrentFuture> PublishConcurrentAsync<T>(
        string subject,
        T? data,
        INatsSerialize<T>? serializer = default,
        NatsJSPubOpts? opts = default,
        NatsHeaders? headers = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        SubjectRules.RequireNoWildcard(subject);
        if (opts?.MsgId is { } id)
        {
            (headers ??= [])["Nats-Msg-Id"] = id;
        }

        if (opts?.ExpectedStream is { } stream)
        {
            (headers ??= [])["Nats-Expected-Stream"] = stream;
        }

        var (slot, generation) = await Core.SendRequestAsync(
            subject, Serialize(data, serializer), headers, PubAckReader.Read, cancellationToken);
        return new NatsJSPublishConcurrentFuture(Core, slot, generation);
    }

    internal async ValueTask<TResponse> RequestAsync<TResponse>(
        string subject, byte[] request, JsonTypeInfo<TResponse> response, CancellationToken cancellationToken)
        where TResponse : class
    {
        byte[] reply;
        try
        {
            reply = await Core.RequestAsync(subject, request, cancellationToken);
        }
        catch (NatsNoReplyException)
        {
            throw new NatsJSApiNoResponseException();
        }

        try
        {
            return JsonSerializer.Deserialize(reply, JetStreamJson.Default.ErrorReply) is { Error: { } error }
                ? throw new NatsJSApiException(error)
                : JsonSerializer.Deserialize(reply, response) ?? throw new NatsJSException("No response data received");
        }
        catch (JsonException e)
        {
            throw new NatsJSException("The server's answer cannot be read.", e);
        }
    }

    private static void RequireName(string? name, string what)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.AsSpan().ContainsAny(" .*>/\\\t\r\n"))
        {
            throw new ArgumentException($"{what} name cannot contain white space, '.', '*', '>' or slashes.", nameof(name));
        }
    }

    private static ReadOnlyMemory<byte> Serialize<T>(T? data, INatsSerialize<T>? serializer)
    {
        if (data is null)
        {
            return default;
        }

        if (serializer is not null)
        {
            var buffer = new ArrayBufferWriter<byte>();
            serializer.Serialize(buffer, data);
            return buffer.WrittenMemory;
        }

        return data switch
        {
            ReadOnlyMemory<byte> memory => memory,
            byte[] bytes => bytes,
            _ => throw new NatsException($"Can't serialize {typeof(T)}"),
        };
    }
}
