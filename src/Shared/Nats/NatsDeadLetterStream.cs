using System.Globalization;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Diagnostics;
using Relaybox.Operations;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>The stream of dead letters for operators: it is read by its sequence, and nothing in it is consumed.</summary>
/// <param name="connector">The connection.</param>
/// <param name="stream">The stream of dead letters.</param>
/// <param name="prefix">What comes before the subjects in it.</param>
internal sealed class NatsDeadLetterStream(NatsConnector connector, string stream, string prefix) : IDeadLetters
{
    private const int NotFound = 404;

    // By JetStream's public list of error codes.
    private const int NoMessageFound = 10037;
    private const int SequenceNotFound = 10043;
    private const int DeletionFailed = 10057;

    // The server deletes the consumer of a process that died.
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(2);

    /// <inheritdoc />
    public bool KeepsPlaces => true;

    /// <inheritdoc />
    public Task<long> CountAsync(CancellationToken cancellationToken) => CallAsync(
        async (session, ct) => (await session.JetStream.GetStreamAsync(stream, cancellationToken: ct)).Info.State.Messages, cancellationToken);

    /// <inheritdoc />
    public async Task<IDeadLetterLook> LookAsync(string? cursor, CancellationToken cancellationToken)
    {
        var first = ulong.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var stored) ? Math.Max(1, stored) : 1;
        var consumer = await CallAsync(
            async (session, ct) => await session.JetStream.CreateConsumerAsync(
                stream,
                new ConsumerConfig
                {
                    AckPolicy = ConsumerConfigAckPolicy.None,
                    DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
                    OptStartSeq = first,
                    InactiveThreshold = ForgottenAfter,
                    MemStorage = true,
                    NumReplicas = 1,
                },
                ct),
            cancellationToken);
        return new NatsDeadLetterLook(this, consumer, prefix, first);
    }

    /// <summary>Deletes one dead letter.</summary>
    internal Task DeleteAsync(ulong sequence, CancellationToken cancellationToken) => CallAsync(
        async (session, ct) =>
        {
            try
            {
                // Its bytes need no overwriting.
                await session.JetStream.DeleteMessageAsync(stream, new StreamMsgDeleteRequest { Seq = sequence, NoErase = true }, ct);
            }
            catch (NatsJSApiException e) when (e.Error.ErrCode is NoMessageFound or SequenceNotFound
                || (e.Error.ErrCode == DeletionFailed && e.Error.Description?.Contains("no message found", StringComparison.Ordinal) == true))
            {
                // Somebody else has deleted it.
            }

            return true;
        },
        cancellationToken);

    /// <summary>Takes away the consumer of a look. Where that fails, the server does it.</summary>
    internal async Task ForgetAsync(string consumer)
    {
        try
        {
            await CallAsync((session, ct) => session.JetStream.DeleteConsumerAsync(stream, consumer, ct).AsTask(), CancellationToken.None);
        }
        catch (DeadLettersFailedException)
        {
            // It holds nothing.
        }
    }

    /// <summary>Uses the connection, and says in our words what went wrong.</summary>
    /// <exception cref="DeadLettersFailedException">It failed.</exception>
    internal async Task<T> CallAsync<T>(Func<NatsSession, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            var session = await connector.OpenAsync(cancellationToken);
            return await session.RunAsync(ct => call(session, ct), cancellationToken);
        }
        catch (NatsJSApiException e) when (e.Error.Code == NotFound)
        {
            throw new DeadLettersFailedException(
                $"The stream of dead letters '{stream}' does not exist. Invoke Setup with a consumer, or correct NATS_STREAM.", e);
        }
        catch (Exception e) when (e is NatsException or SecretException or SettingsException)
        {
            throw new DeadLettersFailedException($"NATS cannot be used for dead letters: {ErrorText.Bound(e.Message)}", e);
        }
    }
}
