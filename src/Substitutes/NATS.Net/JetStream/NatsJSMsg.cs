using System.Text;
using NATS.Client.Core;
using NATS.Client.Core.Internal;
using NATS.Client.JetStream.Internal;

namespace NATS.Client.JetStream;

public readonly struct NatsJSMsg<T> : INatsJSMsg<T>
{
    private static readonly byte[] Ack = "+ACK"u8.ToArray();
    private static readonly byte[] Nak = "-NAK"u8.ToArray();
    private static readonly byte[] Progress = "+WPI"u8.ToArray();
    private static readonly byte[] Terminate = "+TERM"u8.ToArray();

    private readonly NatsJSContext _context;
    private readonly ReceivedMessage _message;

    internal NatsJSMsg(NatsJSContext context, ReceivedMessage message, T? data)
    {
        _context = context;
        _message = message;
        Data = data;
    }

    public string Subject => _message.Subject;

    public int Size => _message.Payload.Length;

    public NatsHeaders? Headers => _message.Headers;

    public T? Data { get; }

    public NatsJSMsgMetadata? Metadata => AckSubject.Parse(_message.ReplyTo);

    public string? ReplyTo => _message.ReplyTo;

    public NatsException? Error => _message.Headers?.Error;

    public ValueTask AckAsync(AckOpts? opts = default, CancellationToken cancellationToken = default) =>
        AnswerAsync(Ack, opts, cancellationToken);

    public ValueTask NakAsync(AckOpts? opts = default, TimeSpan delay = default, CancellationToken cancellationToken = default) =>
        AnswerAsync(
            delay == default ? Nak : Encoding.ASCII.GetBytes($"-NAK {{\"delay\": {delay.Ticks * TimeSpan.NanosecondsPerTick}}}"),
            opts,
            cancellationToken);

    public ValueTask AckProgressAsync(AckOpts? opts = default, CancellationToken cancellationToken = default) =>
        AnswerAsync(Progress, opts, cancellationToken);

    public ValueTask AckTerminateAsync(AckOpts? opts = default, CancellationToken cancellationToken = default) =>
        AnswerAsync(Terminate, opts, cancellationToken);

    private async ValueTask AnswerAsync(byte[] answer, AckOpts? opts, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(ReplyTo))
        {
            throw new NatsException("unable to send acknowledgment; ReplyTo is empty");
        }

        if (opts?.DoubleAck ?? _context.Opts.DoubleAck)
        {
            await _context.Core.RequestAsync(ReplyTo, answer, cancellationToken);
        }
        else
        {
            await _context.Core.SendAsync(ReplyTo, answer, null, cancellationToken);
        }
    }
}
